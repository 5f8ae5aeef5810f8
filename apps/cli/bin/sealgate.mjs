#!/usr/bin/env node
// The sources are TypeScript that Node 24 runs as they are. Under an older Node this shim hands over to the Node 24
// that `npm ci` installed beside the project.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { constants, homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// What a long-lived gateway is started with. Streams of many clients leave memory behind that V8's young generation and
// glibc's arenas would keep for good: measured by row 11 of the bench, a sixth of the process. Both can only be said at
// the start of a process, so it replaces itself; who has said something of his own is left alone.
const FRUGAL_FLAGS = ['--max-semi-space-size=8'];
const FRUGAL_ENV = { MALLOC_ARENA_MAX: '2' };

function startFrugally() {
  const lives = process.argv[2] === 'serve';
  const told = process.execArgv.length > 0 || process.env.NODE_OPTIONS || process.env.MALLOC_ARENA_MAX;
  if (!lives || told || process.platform !== 'linux' || process.execve === undefined) return;
  const args = [process.execPath, ...FRUGAL_FLAGS, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  process.execve(process.execPath, args, { ...process.env, ...FRUGAL_ENV });
}

const major = Number(process.versions.node.split('.')[0]);
if (major >= 24) {
  startFrugally();
  // Compiled code is kept from run to run, which halves the time a short command takes. Below the user's own cache
  // folder: in the shared temporary one, which is Node's default, others could leave code for us to run.
  nodeModule.enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sealgate', 'compiled'));
  await import('../src/main.ts');
} else {
  const node = fileURLToPath(new URL('../../../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write(`sealgate needs Node 24 or later; this is ${process.versions.node}. Run "npm ci" first.\n`);
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
