import { Fault } from '@sealgate/core/faults';
import { type BackendId, parseBackendId } from '@sealgate/core/names';
import type { Erasure, LockedVersions, Tenant } from '@sealgate/core/ports';
import { z } from 'zod';
import { isoTime, tenantRefField, timeField } from '../models.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requireTenant } from '../services.ts';

/** Locked versions that a refusal names; it says how many there are in all. */
const LOCKED_SHOWN = 20;

const count = z.number().int();

const erasureSchema = z.object({
  tenant: z.string(),
  state: z.enum(['removing', 'settling', 'done']).meta({
    description:
      '`settling`: all that was known is gone; writes that were under way when it began may leave something until their time is over.',
  }),
  begunAt: timeField,
  removedAt: timeField,
  doneAt: timeField,
  found: z.object({ buckets: count, versions: count, bytes: count }),
  without: z.array(z.string()).meta({ description: 'Backends that are not waited for.' }),
  backends: z.array(
    z.object({
      backend: z.string(),
      confirmedCopies: count,
      confirmedBytes: count,
      lastConfirmedAt: timeField,
      waitingCopies: count,
      waitingBytes: count,
    }),
  ),
  physicalBucketsLeft: count,
  trouble: z.string().nullable(),
  report: z
    .object({ erasure: z.record(z.string(), z.unknown()), signature: z.string() })
    .nullable()
    .meta({ description: 'Signed; null until everything that was known is removed. See docs/spec/tenants.md.' }),
});

const params = z.object({ tenant: tenantRefField });

export function tenantErasureRoutes(services: ControlServices): readonly Route[] {
  return [
    route({
      method: 'DELETE',
      path: '/admin/tenants/:tenant',
      operationId: 'deleteTenant',
      tag: 'tenants',
      summary: 'Delete a suspended tenant with everything it has',
      description:
        'For good. Its keys, sessions and roles stop at once; buckets, versions whatever their age and their bytes on backends are removed in the background. Refused while a legal hold or retention in COMPLIANCE mode keeps a version; GOVERNANCE is bypassed. Called again, it can name further backends not to wait for.',
      access: 'admin',
      status: 202,
      params,
      query: z.object({
        confirm: z.string().meta({ description: 'The name of the tenant, once more.' }),
        without: z
          .string()
          .max(4096)
          .optional()
          .meta({ description: 'Backends that are gone for good, with commas: their confirmation is not waited for.' }),
      }),
      response: erasureSchema,
      async handle(input, { actor }) {
        const { metadata } = services;
        const tenant = await requireTenant(services, input.params.tenant);
        if (input.query.confirm !== tenant.name) {
          throw new Fault('ValidationFailed', 'Say the name of the tenant once more in "confirm".');
        }
        const without = await knownBackends(services, input.query.without);
        if ((await metadata.erasure(tenant.id)) === undefined) {
          await refuseLocked(services, tenant);
          refuseActive(tenant);
        }
        const stored = await metadata.tenantStored(tenant.id);
        await metadata.beginErasure({ tenantId: tenant.id, without, stored }, actor);
        return await shown(services, tenant);
      },
    }),
    route({
      method: 'GET',
      path: '/admin/tenants/:tenant/erasure',
      operationId: 'getTenantErasure',
      tag: 'tenants',
      summary: 'How far the deletion of a tenant is, and the signed report of it',
      description: 'The report is verified offline by `sealgate evidence verify`.',
      access: { roles: ['operator', 'auditor'] },
      status: 200,
      params,
      response: erasureSchema,
      handle: async (input) => shown(services, await requireTenant(services, input.params.tenant)),
    }),
  ];
}

async function shown(services: ControlServices, tenant: Tenant): Promise<z.input<typeof erasureSchema>> {
  const erasure = await services.metadata.erasure(tenant.id);
  if (erasure === undefined) throw new Fault('NotFound', `Tenant "${tenant.name}" is not being deleted.`);
  const report = await services.audit.erasure(erasure);
  const { found, state, without, trouble } = erasure;
  return {
    tenant: erasure.tenantName,
    state,
    begunAt: isoTime(erasure.begunAtMs),
    removedAt: isoTime(erasure.removedAtMs),
    doneAt: isoTime(erasure.doneAtMs),
    found: { ...found, buckets: found.buckets.length },
    without: [...without],
    backends: backendsOf(erasure),
    physicalBucketsLeft: erasure.bucketsLeft.length,
    trouble,
    report: report === undefined ? null : { erasure: { ...report.erasure }, signature: report.signature },
  };
}

function backendsOf({ confirmed, waiting }: Erasure): z.input<typeof erasureSchema>['backends'] {
  const ids = new Set([...confirmed, ...waiting].map(({ backend }) => backend));
  return [...ids].sort().map((backend) => {
    const gone = confirmed.find((one) => one.backend === backend);
    const owed = waiting.find((one) => one.backend === backend);
    return {
      backend,
      confirmedCopies: gone?.copies ?? 0,
      confirmedBytes: gone?.bytes ?? 0,
      lastConfirmedAt: isoTime(gone?.lastMs ?? null),
      waitingCopies: owed?.copies ?? 0,
      waitingBytes: owed?.bytes ?? 0,
    };
  });
}

/** @throws Fault NoSuchBackend */
async function knownBackends({ metadata }: ControlServices, text: string | undefined): Promise<readonly BackendId[]> {
  if (text === undefined) return [];
  const known = new Set((await metadata.listBackends()).map(({ id }) => id));
  return text.split(',').map((name) => {
    const id = parseBackendId(name.trim());
    if (!known.has(id)) throw new Fault('NoSuchBackend', `There is no backend "${id}".`);
    return id;
  });
}

/** @throws Fault Conflict */
async function refuseLocked({ metadata }: ControlServices, tenant: Tenant): Promise<void> {
  const locked = await metadata.lockedVersions(tenant.id, LOCKED_SHOWN);
  if (locked.total > 0) throw new Fault('Conflict', lockedText(locked));
}

/** @throws Fault Conflict: as the database would, in words that help */
function refuseActive({ name, state }: Tenant): void {
  if (state !== 'active') return;
  throw new Fault(
    'Conflict',
    `Suspend the tenant first, so that nobody uses what is about to be removed: sealgate tenant update ${name} --state suspended`,
  );
}

function lockedText({ versions, total, lastUntilMs }: LockedVersions): string {
  const lines = versions.map(({ bucket, key, versionId, retainUntilMs, legalHold }) => {
    const until = retainUntilMs === null ? '' : `until ${new Date(retainUntilMs).toISOString()}`;
    return `${bucket}/${key} (${versionId}): ${[until, legalHold ? 'legal hold' : ''].filter(Boolean).join(', ')}`;
  });
  const end = lastUntilMs === null ? '' : ` The last retention ends ${new Date(lastUntilMs).toISOString()}.`;
  const more = total > versions.length ? `; and ${total - versions.length} more` : '';
  return `Object lock keeps ${total} versions from being removed.${end} ${lines.join('; ')}${more}.`;
}
