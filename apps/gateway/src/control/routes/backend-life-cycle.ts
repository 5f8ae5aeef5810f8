import { Fault } from '@sealgate/core/faults';
import { type HealthEvent, nextHealthState } from '@sealgate/core/health';
import type { BackendId } from '@sealgate/core/names';
import type { Backend } from '@sealgate/core/ports';
import type { BackendMaintenance } from '@sealgate/engine';
import { z } from 'zod';
import { maintenanceModel, maintenanceSchema, rebalanceModel, rebalanceSchema } from '../maintenance-models.ts';
import { backendIdField, backendModel, backendSchema, isoTime, timeField } from '../models.ts';
import { type CallContext, type Route, route } from '../route.ts';
import type { ControlServices } from '../services.ts';
import { backendFactsSchema } from './add-storage.ts';

/** How often an operator's word is given again when the backend changed its state by itself meanwhile. */
const TRIES_MAX = 5;

const params = z.object({ backend: backendIdField });
const answer = z.object({
  backend: backendSchema,
  maintenance: maintenanceSchema,
  staysLocked: z.object({ archives: z.number().int(), until: timeField }).nullable().meta({
    description:
      'Of a backend that was retired: archives of the audit log that its object lock lets nobody remove before that time. They lie on other backends too.',
  }),
});

type Word = Extract<HealthEvent, 'drain' | 'resume' | 'retire'>;

const WORDS: Readonly<Record<Word, { readonly summary: string; readonly description: string }>> = {
  drain: {
    summary: 'Empty a backend',
    description:
      'It takes nothing new, and all that it holds is made good on others that policy allows, then removed from it. What policy lets nowhere else stays, and is told with the rule that stands in the way. Ask for the backend again to see how far it is.',
  },
  resume: {
    summary: 'End the emptying of a backend',
    description:
      'It is used again once it has answered a few calls. What has left already does not come back by itself.',
  },
  retire: {
    summary: 'Take an empty backend out of use for good',
    description:
      'Only one that is drained and empty, as a pass over all blobs that began after the drain has seen, and without recovery manifests, backups of the metadata and archives of the audit log. Archives that lie elsewhere too and that its object lock lets nobody remove stay there, and are told. There is no way back.',
  },
};

/** What an operator says to a backend after it was registered. */
export function backendLifeCycleRoutes(services: ControlServices): readonly Route[] {
  const words = Object.entries(WORDS) as [Word, (typeof WORDS)[Word]][];
  return [
    updateRoute(services),
    ...words.map(([word, texts]) => wordRoute(services, word, texts)),
    rebalanceRoute(services),
  ];
}

/** @throws Fault NoSuchBackend */
export async function requireBackend({ metadata }: Pick<ControlServices, 'metadata'>, id: BackendId): Promise<Backend> {
  const backend = (await metadata.listBackends()).find((each) => each.id === id);
  if (backend === undefined) throw new Fault('NoSuchBackend', `There is no backend "${id}".`);
  return backend;
}

function updateRoute(services: ControlServices): Route {
  return route({
    method: 'PATCH',
    path: '/admin/backends/:backend',
    operationId: 'updateBackend',
    tag: 'backends',
    summary: 'Correct the facts of a backend',
    description:
      'Blobs that may not be there any more by the new facts are found and moved. What is not given stays as it is.',
    access: 'admin',
    status: 200,
    params,
    body: backendFactsSchema,
    response: backendSchema,
    async handle(input, { actor }) {
      const given = Object.entries(input.body).filter(([, value]) => value !== undefined);
      if (given.length === 0) throw new Fault('ValidationFailed', 'There is nothing to change in this request.');
      const changed = await services.metadata.updateBackend(input.params.backend, Object.fromEntries(given), actor);
      await services.registry.refresh();
      return backendModel(changed, services.registry.view(changed.id), services.catalogue);
    },
  });
}

function wordRoute(
  services: ControlServices,
  word: Word,
  texts: { readonly summary: string; readonly description: string },
) {
  return route({
    method: 'POST',
    path: `/admin/backends/:backend/${word}`,
    operationId: `${word}Backend`,
    tag: 'backends',
    ...texts,
    access: 'admin',
    status: 200,
    params,
    response: answer,
    async handle(input, context) {
      const locked = word === 'retire' ? await requireEmpty(services, input.params.backend) : undefined;
      await say(services, input.params.backend, word, context);
      await services.registry.refresh();
      const backend = await requireBackend(services, input.params.backend);
      const maintenance = await services.engine.maintenance.ofBackend(backend);
      return {
        backend: backendModel(backend, services.registry.view(backend.id), services.catalogue),
        maintenance: maintenanceModel(backend.id, maintenance),
        staysLocked:
          locked === undefined || locked.locked === 0
            ? null
            : { archives: locked.locked, until: isoTime(locked.lockedUntilMs) },
      };
    },
  });
}

/** The state is compared and set in the database, so the word of another operator is never overwritten unseen. */
async function say({ metadata }: ControlServices, id: BackendId, word: Word, { actor }: CallContext): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const { state } = await requireBackend({ metadata }, id);
    const to = nextHealthState(state, word);
    if (to === state) return;
    if (await metadata.setBackendState(id, { from: [state], to, reason: `told to ${word}` }, actor)) return;
  }
  throw new Fault('Conflict', `The backend "${id}" keeps changing its state. Please try again.`);
}

type Documents = NonNullable<BackendMaintenance['drain']>['documents'];

/** @returns archives that stay there. @throws Fault Conflict */
async function requireEmpty(services: ControlServices, id: BackendId): Promise<Documents['archives'] | undefined> {
  const backend = await requireBackend(services, id);
  if (backend.state === 'retired') return undefined;
  // Refuses whatever is not drained, in its own words.
  nextHealthState(backend.state, 'retire');
  const { drain } = await services.engine.maintenance.ofBackend(backend);
  if (drain?.empty === true) return drain.documents.archives;
  if (drain?.left === undefined) {
    throw new Fault(
      'Conflict',
      `It is not known yet whether "${id}" is empty: no pass over all blobs has ended since the drain.`,
    );
  }
  if (drain.left.replicas === 0) throw new Fault('Conflict', documentsThere(id, drain.documents));
  const blocked = drain.blocked.map(({ rule, blobs }) => `${blobs} of them by ${rule}`).join(', ');
  const why = blocked === '' ? '' : ` They cannot leave now: ${blocked}.`;
  throw new Fault('Conflict', `The backend "${id}" still holds ${drain.left.replicas} copies or shards.${why}`);
}

function documentsThere(id: BackendId, { manifests, backups, archives }: Documents): string {
  const what = [
    manifests === 0 ? [] : [`recovery manifests of ${manifests} buckets`],
    backups === 0 ? [] : [`${backups} backups of the metadata`],
    archives.left === 0 ? [] : [`${archives.left} archives of the audit log`],
  ].flat();
  const why = archives.trouble === null ? '' : ` An archive could not leave (${archives.trouble}); it is tried again.`;
  return `The backend "${id}" still holds ${what.join(' and ')}. They are written elsewhere and then removed there.${why}`;
}

function rebalanceRoute(services: ControlServices): Route {
  return route({
    method: 'POST',
    path: '/admin/backends/:backend/rebalance',
    operationId: 'rebalanceBackend',
    tag: 'backends',
    summary: 'Move to a backend its share of what is stored',
    description:
      'A new backend gets new blobs by its weight at once. This walks over all blobs in the background and moves to it those that would be placed there today. One at a time; it goes on after a restart.',
    access: 'admin',
    status: 202,
    params,
    response: rebalanceSchema,
    async handle(input, { actor }) {
      const backend = await requireBackend(services, input.params.backend);
      if (backend.state === 'draining' || backend.state === 'retired' || backend.weight === 0) {
        throw new Fault(
          'Conflict',
          `The backend "${backend.id}" takes nothing new: it is ${backend.weight === 0 ? 'of weight 0' : backend.state}.`,
        );
      }
      return rebalanceModel(await services.engine.maintenance.beginRebalance(backend.id, actor.requestId));
    },
  });
}
