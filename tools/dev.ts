// `npm run dev`: a whole cluster on this machine that starts anew whenever a source changes. Its data, database and
// ports stay (settings as for `npm start`; arguments go to `sealgate serve`), so clients just try again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const SERVE = join(ROOT, 'apps/cli/bin/sealgate.mjs');
/** An editor writes a file in several steps, a branch switch many files. */
const SETTLE_MS = 200;
/** Folders below packages/* and apps/* that the running program reads. */
const READ = ['src', 'queries', 'functions', 'migrations'];
const SOURCE = /\.(ts|sql|json|mjs)$/;

interface Cluster {
  start(): void;
  /** Resolves when everything has ended. */
  stop(): Promise<void>;
  restart(why: string): Promise<void>;
}

/** @param ended called when the gateway ends well by itself: it printed its help, or somebody stopped it */
function createCluster(args: readonly string[], ended: () => void): Cluster {
  let gateway: ChildProcess | undefined;
  let under: Promise<void> = Promise.resolve();
  let stopping = false;

  const start = (): void => {
    const env = { SEALGATE_DRAIN_TIMEOUT_MS: '2000', ...process.env };
    const child = spawn(process.execPath, [SERVE, 'serve', ...args], { stdio: 'inherit', env });
    gateway = child;
    child.once('exit', (code) => {
      if (gateway !== child) return;
      gateway = undefined;
      if (stopping) return;
      if (code === 0) ended();
      else process.stderr.write(`dev: the gateway ended (${code}); it starts at the next change\n`);
    });
  };
  const stop = async (): Promise<void> => {
    const child = gateway;
    if (child === undefined || child.exitCode !== null) return;
    gateway = undefined;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  return {
    start,
    async stop() {
      stopping = true;
      await under;
      await stop();
    },
    restart(why) {
      under = under.then(async () => {
        if (stopping) return;
        process.stderr.write(`dev: ${why} changed\n`);
        await stop();
        start();
      });
      return under;
    },
  };
}

/** Calls back once for changes that come close together. */
function watchSources(changed: (file: string) => void): readonly FSWatcher[] {
  let timer: NodeJS.Timeout | undefined;
  return sourceFolders().map((folder) =>
    watch(folder, { recursive: true }, (_event, name) => {
      if (name === null || !SOURCE.test(name) || name.endsWith('.test.ts')) return;
      clearTimeout(timer);
      timer = setTimeout(() => changed(name), SETTLE_MS);
    }),
  );
}

function sourceFolders(): readonly string[] {
  return ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(ROOT, group)).flatMap((name) => {
      const folders = readdirSync(join(ROOT, group, name));
      return READ.filter((each) => folders.includes(each)).map((each) => join(ROOT, group, name, each));
    }),
  );
}

async function main(args: readonly string[]): Promise<void> {
  const over = Promise.withResolvers<undefined>();
  const cluster = createCluster(args, () => over.resolve(undefined));
  const watchers = watchSources((file) => void cluster.restart(file));
  cluster.start();
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), over.promise]);
  for (const watcher of watchers) watcher.close();
  await cluster.stop();
}

await main(process.argv.slice(2));
