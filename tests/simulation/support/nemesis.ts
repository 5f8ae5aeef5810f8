import { calmMetadataPlan } from '@sealgate/testkit/cluster';
import type { World } from './world.ts';

/** Troubles are spread over this much of a run. */
const SPAN_MS = 30_000;

/** Lets the troubles of the run's plan happen, each at its own random moment. */
export function unleash(world: World): void {
  const { plan, cluster, prng } = world;
  const { clock, members } = cluster;
  const own = prng.fork('nemesis');
  const some = (wanted: boolean, most: number, run: () => void): void => {
    const times = wanted ? 1 + own.int(most) : 0;
    for (let i = 0; i < times; i += 1) clock.schedule(own.int(SPAN_MS), run);
  };
  const forAWhile = (mostMs: number, from: () => void, to: () => void): void => {
    from();
    clock.schedule(1 + own.int(mostMs), to);
  };

  members.forEach(({ faulty }, index) => faulty.usePlan(plan.faults(index)));
  cluster.useMetadataPlan(plan.metadata);
  some(plan.crashes, 3, () => world.crash(own));
  some(plan.outages, 4, () => {
    const { faulty } = own.pick(members);
    forAWhile(
      15_000,
      () => faulty.setDown(true),
      () => faulty.setDown(false),
    );
  });
  some(plan.fullDisks, 3, () => {
    const { faulty } = own.pick(members);
    forAWhile(
      15_000,
      () => faulty.setFull(true),
      () => faulty.setFull(false),
    );
  });
  some(plan.databaseOutages, 1, () =>
    forAWhile(
      5000,
      () => cluster.useMetadataPlan({ ...plan.metadata, fail: 1 }),
      () => cluster.useMetadataPlan(plan.metadata),
    ),
  );
  const traitor = plan.traitor === undefined ? undefined : members[plan.traitor];
  some(plan.vanishes && traitor !== undefined, 1, () => {
    traitor?.faulty.vanish();
    world.vanishedAtMs.push(clock.now());
  });
}

/** Everything works from now on. */
export function appease(world: World): void {
  for (const { faulty } of world.cluster.members) {
    faulty.usePlan({ rates: {}, delayMs: [0, 0], stallMs: 1000, slowChunkMs: 0 });
    faulty.setDown(false);
    faulty.setFull(false);
  }
  world.cluster.useMetadataPlan(calmMetadataPlan);
}
