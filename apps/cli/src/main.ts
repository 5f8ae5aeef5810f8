import manifest from '../package.json' with { type: 'json' };
import { run } from './run.ts';

// `exitCode` instead of `exit`: what was written to a pipe must be able to leave.
process.exitCode = await run(process.argv.slice(2), manifest.version);
