import type { Prng, VirtualClock } from '@sealgate/testkit';
import type { SeededCluster, SimulatedGateway } from '@sealgate/testkit/cluster';
import { pause } from './bodies.ts';
import type { Caches } from './caches.ts';
import { maintenanceOf } from './maintenance.ts';
import type { RunPlan } from './run-plan.ts';

/** How eagerly processes look for orphans. */
export interface SweepPace {
  /** For each look at the queues. */
  readonly steps: number;
  readonly intervalMs: number;
}

/** The processes of a run: gateways, which clients speak to, and agents, which nobody does. */
export interface Processes {
  /** Those that live now. */
  readonly gateways: readonly SimulatedGateway[];
  readonly crash: (prng: Prng) => void;
  readonly crashAtCall: (prng: Prng) => () => void;
  readonly stop: () => void;
  readonly crashes: number;
}

/** Each process looks how the backends are this often. */
const PROBE_EVERY_MS = 1500;
const WORK_EVERY_MS = 1500;
/** A put makes some ten calls, a pass of background work some dozens: within these, a process dies in the middle of both. */
const CALLS_MAX = 120;

export function startProcesses(
  cluster: SeededCluster,
  { plan, caches, sweeps }: { readonly plan: RunPlan; readonly caches: Caches; readonly sweeps: SweepPace },
): Processes {
  const { clock } = cluster;
  const state = { stopped: false, crashes: 0, started: 0 };
  const stopped = (): boolean => state.stopped;
  const start = (works: boolean): SimulatedGateway => {
    const process = cluster.startGateway((metadata, life) => caches.between(metadata, life));
    state.started += 1;
    void probesOf(process, clock, stopped);
    if (works) void workOf(process, clock, { holder: `process ${state.started}`, sweeps, stopped });
    return process;
  };
  const gatewaysWork = plan.agents === 0;
  const gateways = Array.from({ length: plan.gateways }, () => start(gatewaysWork));
  const agents = Array.from({ length: plan.agents }, () => start(true));

  const pick = (prng: Prng): { readonly of: SimulatedGateway[]; readonly at: number; readonly works: boolean } => {
    const index = prng.int(gateways.length + agents.length);
    return index < gateways.length
      ? { of: gateways, at: index, works: gatewaysWork }
      : { of: agents, at: index - gateways.length, works: true };
  };
  const replace = ({ of, at, works }: ReturnType<typeof pick>): void => {
    state.crashes += 1;
    of[at] = start(works);
  };
  return {
    gateways,
    crash(prng) {
      const picked = pick(prng);
      picked.of[picked.at]?.life.end();
      replace(picked);
    },
    crashAtCall(prng) {
      const picked = pick(prng);
      const at = { number: 1 + prng.int(CALLS_MAX), side: prng.pick(['before', 'after'] as const) };
      return picked.of[picked.at]?.life.endAtCall(at, () => replace(picked)) ?? (() => undefined);
    },
    stop: () => {
      state.stopped = true;
    },
    get crashes() {
      return state.crashes;
    },
  };
}

async function probesOf({ pool, life }: SimulatedGateway, clock: VirtualClock, stopped: () => boolean): Promise<void> {
  while (life.alive && !stopped()) {
    await pool.probe(life.signal).catch(() => undefined);
    await pause(clock, PROBE_EVERY_MS);
  }
}

/** Deletions, repairs, sweeps and maintenance of one process, for as long as it lives. */
async function workOf(
  { engine, life }: SimulatedGateway,
  clock: VirtualClock,
  how: { readonly holder: string; readonly sweeps: SweepPace; readonly stopped: () => boolean },
): Promise<void> {
  const { holder, sweeps, stopped } = how;
  const { signal } = life;
  const sweep = () => engine.sweepDue({ holder, intervalMs: sweeps.intervalMs, signal });
  while (life.alive && !stopped()) {
    for (const work of [
      () => engine.deleteDue({ signal }),
      () => engine.repairDue({ signal }),
      ...Array.from({ length: sweeps.steps }, () => sweep),
      () => engine.removeStrays({ signal }),
      ...maintenanceOf(engine, holder, signal),
    ]) {
      // The database may be away; the loop tries again.
      await work().catch(() => undefined);
    }
    await pause(clock, WORK_EVERY_MS);
  }
}
