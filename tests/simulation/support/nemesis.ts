import type { AuditActor, Backend, BackendState } from '@sealgate/core/ports';
import { calmPlan, type Prng } from '@sealgate/testkit';
import { calmMetadataPlan } from '@sealgate/testkit/cluster';
import type { World } from './world.ts';

/** Troubles are spread over this much of a run. */
const SPAN_MS = 30_000;

const OPERATOR: AuditActor = { kind: 'admin', id: 'operator', requestId: 'drain' };

/** What ends the troubles: nothing bad happens any more, and everything works but a disk that stays full. */
export type Appease = () => void;

/** Lets the troubles of the run's plan happen, each at its own random moment. */
export function unleash(world: World): Appease {
  let calm = false;
  const { plan, cluster, prng } = world;
  const { clock, members } = cluster;
  const own = prng.fork('nemesis');
  const some = (wanted: boolean, most: number, run: () => void): void => {
    const times = wanted ? 1 + own.int(most) : 0;
    for (let i = 0; i < times; i += 1) clock.schedule(own.int(SPAN_MS), () => calm || run());
  };
  const forAWhile = (mostMs: number, from: () => void, to: () => void): void => {
    from();
    clock.schedule(1 + own.int(mostMs), () => calm || to());
  };

  members.forEach(({ faulty }, index) => faulty.usePlan(plan.faults(index)));
  cluster.useMetadataPlan(plan.metadata);
  const calledOff: (() => void)[] = [];
  some(plan.crashes, 3, () => {
    if (own.chance(0.5)) world.crash(own);
    else calledOff.push(world.crashAtCall(own));
  });
  some(plan.cacheTroubles, 5, () => world.caches.trouble(own));
  some(plan.policyChanges, 2, () => void world.ruled.narrow(own));
  some(plan.movesAbroad, 1, () => moveAbroad(world, own));
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
  some(plan.drains, 2, () => drainOne(world, own));
  const traitor = plan.traitor === undefined ? undefined : members[plan.traitor];
  some(plan.vanishes && traitor !== undefined, 1, () => {
    traitor?.faulty.vanish();
  });
  const keptFull = plan.staysFull === undefined ? undefined : members[plan.staysFull];
  some(keptFull !== undefined, 1, () => {
    keptFull?.faulty.setFull(true);
  });
  return () => {
    calm = true;
    for (const member of members) {
      member.faulty.usePlan(calmPlan);
      member.faulty.setDown(false);
      member.faulty.setFull(member === keptFull);
    }
    cluster.useMetadataPlan(calmMetadataPlan);
    world.caches.calm();
    for (const callOff of calledOff) callOff();
  };
}

/** An operator empties one backend, of one at a time, and may change their mind. */
function drainOne({ cluster }: World, prng: Prng): void {
  const { metadata, clock, members } = cluster;
  const tell = (id: Backend['id'], from: BackendState, to: BackendState): void =>
    void metadata.setBackendState(id, { from: [from], to, reason: 'told to' }, OPERATOR);
  if (metadata.backendRows().some(({ state }) => state === 'draining')) return;
  const { id } = prng.pick(members).backend;
  tell(id, 'healthy', 'draining');
  if (prng.chance(0.5)) clock.schedule(1 + prng.int(20_000), () => tell(id, 'draining', 'healthy'));
}

/** A backend that was said to be in Europe is not: what is locked to Europe has to leave it. */
function moveAbroad({ cluster, abroadSinceMs, ruled }: World, prng: Prng): void {
  const { metadata, clock } = cluster;
  const there = metadata
    .backendRows()
    .filter(({ jurisdiction, state }) => jurisdiction === 'EU' && state !== 'draining');
  const { id } = prng.pick(there);
  const abroad = { country: 'US', jurisdiction: 'US', operatorJurisdiction: 'US' };
  abroadSinceMs.set(id, clock.now());
  void metadata.updateBackend(id, abroad, OPERATOR).then(() => ruled.noteFacts());
}
