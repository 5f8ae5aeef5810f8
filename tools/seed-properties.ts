import fc from 'fast-check';

/**
 * Properties draw the same cases in every run, so that a run says something about the change and nothing about luck. Other
 * cases: `SEALGATE_PROPERTY_SEED=N npx vitest run …`.
 */
fc.configureGlobal({ seed: Number(process.env['SEALGATE_PROPERTY_SEED'] ?? 3) });
