#!/usr/bin/env node
// The sources are TypeScript that Node 24 runs as they are. Under an older Node this shim hands over to the Node 24
// that `npm ci` installed beside the project.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const major = Number(process.versions.node.split('.')[0]);
if (major >= 24) {
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
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}
