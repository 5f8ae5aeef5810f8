// What goes wrong in the lab: one fault after the other in each of two lanes, each begun, held and ended.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../support/random.ts';
import { bytesOf, contentOf, filesBelow, removeFolder } from '../support/stored-files.ts';
import type { Cluster, Storage } from './cluster.ts';
import { OUTSIDE } from './places.ts';
import type { Program } from './processes.ts';

export type FaultKind =
  | 'gateway killed'
  | 'gateway restarted'
  | 'gateway stopped'
  | 'agent killed'
  | 'database killed'
  | 'database stopped'
  | 'redis killed'
  | 'redis stopped'
  | 'storage stopped'
  | 'storage cut off'
  | 'storage away'
  | 'disk full'
  | 'storage lost everything'
  | 'bytes rotted';

export interface Nemesis {
  readonly counts: ReadonlyMap<FaultKind, number>;
  /** Begins and ends one fault. */
  strike(lane: 'processes' | 'storage', random: Random): Promise<void>;
  /** Everything runs again. */
  calm(): Promise<void>;
}

interface Fault {
  readonly kind: FaultKind;
  readonly share: number;
  /** Undefined when there is nothing that it could happen to. */
  readonly run: ((random: Random) => Promise<unknown>) | undefined;
}

const HOLD_MS_MAX = 8_000;
/** The embedded server is started again five times in ten minutes, not oftener. */
const DATABASE_KILLS_APART_MS = 150_000;
const ROTTEN_FILES_MAX = 20;

/**
 * @param mended waits until what a storage location lost has been found and put right: two such losses at once are more
 *   than the classes of the lab survive
 */
export function createNemesis(cluster: Cluster, mended: () => Promise<void>): Nemesis {
  const counts = new Map<FaultKind, number>();
  const lanes: Readonly<Record<'processes' | 'storage', readonly Fault[]>> = {
    processes: processFaults(cluster),
    storage: storageFaults(cluster, mended),
  };
  return {
    counts,
    async strike(lane, random) {
      const faults = lanes[lane].filter(({ run }) => run !== undefined);
      const { kind, run } = random.pick(faults.flatMap((fault) => Array<Fault>(fault.share).fill(fault)));
      if ((await run?.(random)) !== 'skipped') counts.set(kind, (counts.get(kind) ?? 0) + 1);
    },
    async calm() {
      const { gateways, agents, redis, storages, database } = cluster;
      signal(database.pids(), 'SIGCONT');
      const programs = [...gateways.map((g) => g.program), ...agents, ...storages.map((s) => s.program), redis];
      for (const program of programs.filter((p) => p !== undefined)) {
        program.resume();
        if (program.pid === undefined) await program.start();
      }
      for (const { wire, foreign } of storages) {
        wire?.mend();
        if (foreign?.pid !== undefined) signal([foreign.pid], 'SIGCONT');
      }
    },
  };
}

const hold = (random: Random, msMax = HOLD_MS_MAX): Promise<void> => sleep(200 + random.below(msMax));

function processFaults({ gateways, agents, redis, database }: Cluster): readonly Fault[] {
  const gateway = (random: Random): Program => random.pick(gateways).program;
  let databaseKilledMs = -Infinity;
  return [
    { kind: 'gateway killed', share: 3, run: async (r) => downAndUp(gateway(r), 'kill', r) },
    { kind: 'gateway restarted', share: 1, run: async (r) => downAndUp(gateway(r), 'end', r) },
    { kind: 'gateway stopped', share: 2, run: async (r) => stopAndGo(gateway(r), r) },
    {
      kind: 'agent killed',
      share: 2,
      run: agents.length === 0 ? undefined : (r) => downAndUp(r.pick(agents), 'kill', r),
    },
    {
      kind: 'database killed',
      share: 1,
      async run(random) {
        if (performance.now() - databaseKilledMs < DATABASE_KILLS_APART_MS) return 'skipped';
        databaseKilledMs = performance.now();
        signal(database.pids().slice(0, 1), 'SIGKILL');
        await hold(random);
        return undefined;
      },
    },
    {
      kind: 'database stopped',
      share: 1,
      async run(random) {
        const pids = database.pids();
        signal(pids, 'SIGSTOP');
        await hold(random, 4_000);
        signal(pids, 'SIGCONT');
      },
    },
    { kind: 'redis killed', share: 2, run: redis && ((r) => downAndUp(redis, 'kill', r)) },
    { kind: 'redis stopped', share: 2, run: redis && ((r) => stopAndGo(redis, r)) },
  ];
}

function storageFaults({ storages, smallDisk }: Cluster, mended: () => Promise<void>): readonly Fault[] {
  const servers = storages.filter(({ program }) => program !== undefined);
  const wired = storages.filter(({ wire }) => wire !== undefined);
  const stoppable = storages.filter(({ program, foreign }) => program !== undefined || foreign?.pid !== undefined);
  const folders = storages.filter(
    ({ folder, place }) => folder !== undefined && folder !== smallDisk && place.id !== OUTSIDE,
  );
  return [
    {
      kind: 'storage stopped',
      share: 3,
      run: stoppable.length === 0 ? undefined : (r) => stopAndGo(stopping(r.pick(stoppable)), r, 20_000),
    },
    {
      kind: 'storage cut off',
      share: 3,
      async run(random) {
        const { wire } = random.pick(wired);
        wire?.cut();
        await hold(random, 15_000);
        wire?.mend();
      },
    },
    { kind: 'storage away', share: 2, run: (r) => folderAway(folderOf(r.pick(folders)), r) },
    { kind: 'disk full', share: 2, run: smallDisk === undefined ? undefined : (r) => fill(smallDisk, r) },
    {
      kind: 'storage lost everything',
      share: 1,
      async run(random) {
        await mended();
        const one = random.pick([...servers, ...folders]);
        if (one.program === undefined) empty(folderOf(one));
        else await downAndUp(one.program, 'kill', random);
        await mended();
      },
    },
    {
      kind: 'bytes rotted',
      share: 1,
      async run(random) {
        await mended();
        rot(folders.map(folderOf), random);
        await mended();
      },
    },
  ];
}

function stopping({ program, foreign }: Storage): Pick<Program, 'pause' | 'resume'> {
  if (program !== undefined) return program;
  const pids = foreign?.pid === undefined ? [] : [foreign.pid];
  return { pause: () => signal(pids, 'SIGSTOP'), resume: () => signal(pids, 'SIGCONT') };
}

function folderOf({ folder }: Storage): string {
  if (folder === undefined) throw new Error('no folder');
  return folder;
}

async function downAndUp(program: Program, how: 'kill' | 'end', random: Random): Promise<void> {
  if (how === 'kill') await program.kill();
  else await program.end();
  await hold(random, 3_000);
  await program.start();
}

async function stopAndGo(
  program: Pick<Program, 'pause' | 'resume'>,
  random: Random,
  msMax = HOLD_MS_MAX,
): Promise<void> {
  program.pause();
  await hold(random, msMax);
  program.resume();
}

/** A file in the folder's place: nothing can be read or written there, and nothing is lost. */
async function folderAway(folder: string, random: Random): Promise<void> {
  const aside = `${folder}.aside`;
  renameSync(folder, aside);
  writeFileSync(folder, '');
  await hold(random, 15_000);
  rmSync(folder);
  renameSync(aside, folder);
}

/** Takes what room is left, and gives it back. */
async function fill(folder: string, random: Random): Promise<void> {
  const filler = join(folder, 'filler');
  const block = Buffer.alloc(1024 * 1024);
  try {
    for (;;) writeFileSync(filler, block, { flag: 'a' });
  } catch {
    // Full.
  }
  await hold(random, 15_000);
  rmSync(filler, { force: true });
}

function empty(folder: string): void {
  for (const name of readdirSync(folder)) removeFolder(join(folder, name));
  mkdirSync(folder, { recursive: true });
}

/** One bit in each of some files of one of the folders that hold any. */
function rot(folders: readonly string[], random: Random): void {
  const blobs = folders.map((folder) =>
    filesBelow(folder, { temporary: false }).filter((path) => path.includes('/b@/') && bytesOf(path) > 0),
  );
  const files = random.pick(blobs.filter(({ length }) => length > 0));
  for (let n = 0; n < ROTTEN_FILES_MAX; n += 1) {
    const path = random.pick(files);
    const bytes = contentOf(path) ?? Buffer.alloc(0);
    // Its object was deleted meanwhile.
    if (bytes.length === 0) continue;
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << ((randomBytes(1)[0] ?? 0) % 8));
    writeFileSync(path, bytes);
  }
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It ended meanwhile.
    }
  }
}
