// Logs are written by the gateway, so a policy that asks of writers what a gateway cannot do keeps them out.
import { builtinPolicy, type CompiledPolicy } from '@sealgate/core/policy';
import { describe, expect, it } from 'vitest';
import { createLogDelivery } from './delivery.ts';

type Deps = Parameters<typeof createLogDelivery>[0];
type LogObject = Parameters<ReturnType<typeof createLogDelivery>>[0];

/** Delivers one log under a policy; what happens behind the policy's word is not of interest here. */
async function deliverUnder(policy: CompiledPolicy): Promise<void> {
  const bucket = {
    ...{ id: 1, tenantId: 'tenant', tenantName: 'acme', name: 'logs', region: 'eu', encryption: 'off' },
    ...{ objectLock: false, configs: {} },
  };
  const deps = {
    metadata: { bucket: () => Promise.resolve(bucket) },
    engine: { policies: { forBucket: () => Promise.resolve(policy) } },
    keyrings: { rulesOf: () => Promise.resolve(undefined) },
    clock: { now: () => 0 },
  } as unknown as Deps;
  const logging = { targetBucket: 'logs', targetPrefix: '', keyFormat: { kind: 'simple' }, acl: null };
  await createLogDelivery(deps)({ source: bucket, logging, eventDayMs: 0, text: 'line' } as unknown as LogObject);
}

const withRules = (change: { readonly manifest?: 'signed'; readonly minimumDays?: number }): CompiledPolicy => ({
  ...builtinPolicy,
  envelopes: { ...builtinPolicy.envelopes, manifest: change.manifest ?? null },
  retention: { ...builtinPolicy.retention, minimumDays: change.minimumDays ?? 0 },
});

describe('the delivery of logs', () => {
  it.each([
    ['what a writer signed', withRules({ manifest: 'signed' }), /only what a writer signed/],
    ['retention', withRules({ minimumDays: 1 }), /asks for retention/],
  ])('is refused where the policy asks for %s', async (_, policy, why) => {
    await expect(deliverUnder(policy)).rejects.toMatchObject({
      code: 'InvalidTargetBucketForLogging',
      message: expect.stringMatching(why) as string,
    });
  });

  it('is not refused for its policy otherwise', async () => {
    await expect(deliverUnder(builtinPolicy)).rejects.not.toMatchObject({ code: 'InvalidTargetBucketForLogging' });
  });
});
