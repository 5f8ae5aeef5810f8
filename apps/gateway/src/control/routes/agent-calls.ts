import { Fault } from '@sealgate/core/faults';
import type { BackendId, BlobId, PhysicalBucketName } from '@sealgate/core/names';
import { parseBackendId, physicalBucketName } from '@sealgate/core/names';
import type { Agent, Bucket, RepairLease, Worker } from '@sealgate/core/ports';
import { holdSlot, isLimited } from '@sealgate/engine';
import { type WireCall, wire, wirePaths } from '@sealgate/runtime/agents';
import { z } from 'zod';
import { type AgentCaller, hashOf } from '../../agents/sessions.ts';
import { type CallContext, type Route, route } from '../route.ts';
import { type ControlServices, requireBucket } from '../services.ts';
import { blobsOf } from './jobs.ts';

const params = z.object({ job: z.uuid().meta({ description: 'A job that the agent holds.' }) });

/** The calls of agents. Whatever an agent says, it changes only what it holds a lease on and what it was granted. */
export function agentCallRoutes(services: ControlServices): readonly Route[] {
  return [...entryRoutes(services), ...leaseRoutes(services), ...readRoutes(services), ...resultRoutes(services)];
}

function entryRoutes({ metadata, agents }: ControlServices): readonly Route[] {
  return [
    call('enrol', 'Enrol an agent with its one-time token', 'public', async ({ body }, context) => {
      const { requestId, remoteAddress } = context.actor;
      const agent = await metadata.enrolAgent({
        enrolmentHash: hashOf(body.token),
        publicKey: Buffer.from(body.publicKey, 'base64'),
        encryptionKey: Buffer.from(body.encryptionKey, 'base64'),
        actor: { requestId, ...(remoteAddress === undefined ? {} : { remoteAddress }) },
      });
      if (agent === undefined) {
        throw new Fault(
          'NotAuthenticated',
          'The enrolment token is not good: it was used, is too old, or never was one.',
        );
      }
      return { id: agent.id, kinds: [...agent.kinds], backends: agent.backends === null ? null : [...agent.backends] };
    }),
    call(
      'session',
      'Begin or go on with a session, by an assertion that the agent signed',
      'public',
      async ({ body }) => {
        const { agent, epoch, token, expiresInMs } = await agents.open(body.assertion);
        return { token, expiresInMs, epoch, kinds: [...agent.kinds] };
      },
    ),
    call('backends', 'Say how backends are, and hear which there are', 'agent', async ({ body }, context) => {
      const { agent, epoch } = callerOf(context);
      const own = Object.entries(body.reported).filter(([id]) => mayUse(agent, id));
      await metadata.reportAgent(agent.id, epoch, Object.fromEntries(own));
      const backends = (await metadata.listBackends()).filter(({ id }) => mayUse(agent, id));
      const holder = `agent/${agent.id}/${epoch}`;
      const parts = new Map<BackendId, Awaited<ReturnType<typeof holdSlot>>>();
      for (const { id: backend, background } of backends) {
        if (!isLimited(background) || body.reported[backend] === undefined) continue;
        parts.set(backend, await holdSlot(metadata, { backend, holder, slot: body.slots[backend] }));
      }
      return {
        backends: backends.map(({ background, capabilities, certificates, prices, expectedLatencyMs, ...facts }) => ({
          ...facts,
          part: parts.get(facts.id) ?? null,
          prices: prices ?? null,
          expectedLatencyMs: expectedLatencyMs ?? null,
          certificates: [...certificates],
          background: {
            bytesPerSecond: background?.bytesPerSecond ?? null,
            concurrency: background?.concurrency ?? null,
          },
          capabilities: Object.fromEntries(Object.entries(capabilities)),
        })),
      };
    }),
  ];
}

function leaseRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    call('lease', 'Take repairs that the agent can do', 'agent', async ({ body }, context) => {
      const { agent } = callerOf(context);
      const usable = await usableBackends(services, agent);
      const only = body.job === undefined ? undefined : await blobsOfJob(services, body.job);
      if (only?.length === 0) return { leases: [], over: true };
      const leases = await metadata.leaseRepairs({
        worker: workerOf(context),
        limit: body.limit,
        leaseMs: body.leaseMs,
        able: {
          writes: usable(body.writes),
          reads: usable(body.reads),
        },
        kinds: agent.kinds,
        ...(only === undefined ? {} : { only }),
      });
      return { leases: leases.map(({ jobId, blobId, token }) => ({ jobId, blobId, token: token.toString() })) };
    }),
    call('grants', 'Take the credentials that owners sealed to this agent', 'agent', async ({ body }, context) => {
      const { agent, epoch } = callerOf(context);
      const grants = await metadata.takeGrants(agent.id, epoch, body.limit);
      return { grants: grants.map(({ jobId, sealed }) => ({ job: jobId, sealed })) };
    }),
    call('renew', 'Keep leases for longer', 'agent', async ({ body }, context) => {
      const leases = body.leases.map(({ jobId, token }) => ({ jobId, token: BigInt(token) }));
      return { kept: [...(await metadata.renewLeases(workerOf(context), leases, body.leaseMs))] };
    }),
    jobCall('end', 'End or hand back a job', async ({ params: { job: jobId }, body }, context) => {
      const { outcome, reason, token } = body;
      const usable = await usableBackends(services, callerOf(context).agent);
      const end = outcome === 'failed' ? { kind: outcome, reason, noRoom: usable(body.noRoom) } : { kind: outcome };
      return { held: await metadata.endLease(workerOf(context), { jobId, token: BigInt(token) }, end) };
    }),
  ];
}

/**
 * Of the ids that an agent names those that it may use. Ids that are not known would be an error of the database; an
 * agent's configuration may be ahead of it.
 */
async function usableBackends({ metadata }: ControlServices, agent: Agent) {
  const known = new Set((await metadata.listBackends()).map(({ id }) => id));
  return (ids: readonly string[]): BackendId[] =>
    ids
      .filter((id) => mayUse(agent, id))
      .map(parseBackendId)
      .filter((id) => known.has(id));
}

/** None when it is over. */
async function blobsOfJob(services: ControlServices, id: string): Promise<readonly BlobId[]> {
  const job = await services.metadata.job(id);
  if (job === undefined || (job.state !== 'waiting' && job.state !== 'active')) return [];
  const { tenant, bucket: name, key, versionId } = job;
  if (tenant === null || name === null || key === null || versionId === null) return [];
  const bucket = await requireBucket(services, tenant, name);
  const version = await services.metadata.version(bucket.id, key, versionId);
  return version === undefined ? [] : await blobsOf(services, version);
}

function readRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    jobCall('work', 'What a job is about', async (input, context) => {
      const { blobId, bucketId } = await held(services, input, context);
      const pending = await metadata.blobForRepair(blobId);
      if (pending === undefined || bucketId === null) return { work: null };
      const [bucket, physical] = await Promise.all([metadata.bucketById(bucketId), metadata.physicalBuckets(bucketId)]);
      const { blob } = pending;
      return {
        work: {
          bucketId,
          redundancyClass: pending.redundancyClass,
          residency: pending.residency,
          blob: {
            ...blob,
            layout: { ...blob.layout },
            digests: blob.digests === null ? null : Buffer.from(blob.digests).toString('base64'),
            replicas: blob.replicas.map((replica) => ({ ...replica })),
          },
          bucket: bucket === undefined ? null : await bucketModel(services, bucket),
          physical: Object.fromEntries(physical),
        },
      };
    }),
    jobCall('digests', 'Digests of the blob of a job', async (input, context) => {
      const { blobId } = await held(services, input, context);
      const digests = await metadata.readDigests(blobId, input.body.first, input.body.count);
      return { digests: Buffer.from(digests).toString('base64') };
    }),
    call('policy', 'The newest version of a policy', 'agent', async ({ body }) => {
      const record = await metadata.policy(body.name);
      if (record === undefined) return { policy: null };
      const { name, version, document, createdAtMs } = record;
      return { policy: { name, version, document, createdAtMs } };
    }),
  ];
}

function resultRoutes(services: ControlServices): readonly Route[] {
  const { metadata } = services;
  return [
    jobCall('mark', 'A copy was made and verified', async (input, context) => {
      const { lease } = await held(services, input, context);
      const { shard } = input.body;
      const backend = grantedBackend(context, input.body.backend);
      return { outcome: await metadata.markLeased(workerOf(context), lease, { backend, shard, state: 'stored' }) };
    }),
    jobCall('bad', 'A copy that was read is not good', async (input, context) => {
      const { blobId } = await held(services, input, context);
      await metadata.reportBadReplica(blobId, grantedBackend(context, input.body.backend), input.body.shard);
      return {};
    }),
    jobCall('discard', 'Bytes that landed and are not wanted', async (input, context) => {
      const { blobId, bucketId } = await held(services, input, context);
      const replicas = input.body.replicas.map(({ backend, shard }) => ({
        backend: grantedBackend(context, backend),
        shard,
      }));
      if (bucketId !== null) await metadata.enqueueDeletion({ blobId, bucketId, replicas });
      return {};
    }),
    jobCall('bucket', 'A physical bucket was made', async (input, context) => {
      const { bucketId } = await held(services, input, context);
      const backend = grantedBackend(context, input.body.backend);
      const bucket = bucketId === null ? undefined : await metadata.bucketById(bucketId);
      if (bucket === undefined) return {};
      const { counter } = input.body;
      const name = nameOf(bucket, backend, counter);
      if (name !== input.body.name)
        throw new Fault('ValidationFailed', 'The bucket has not the name that it should have.');
      await metadata.recordPhysicalBucket({ bucketId: bucket.id, backend, name, counter });
      return {};
    }),
  ];
}

function nameOf(bucket: Bucket, backend: BackendId, counter: number): PhysicalBucketName {
  return physicalBucketName({
    tenant: bucket.tenantName,
    region: bucket.region,
    bucket: bucket.name,
    backend,
    counter,
  });
}

async function bucketModel({ metadata }: ControlServices, bucket: Bucket) {
  const { tenantId, tenantName, name, region, encryption, versioning, objectLock, policyName } = bucket;
  const tenantPolicyName = (await metadata.tenant(tenantId))?.policyName ?? null;
  const regionLock = [...bucket.regionLock];
  return {
    ...{ tenantId, tenantName, name, region, encryption, versioning, objectLock },
    ...{ policyName, regionLock, tenantPolicyName },
  };
}

function mayUse(agent: Agent, backend: string): boolean {
  return agent.backends === null || agent.backends.some((id) => id === backend);
}

/** @throws Fault AccessDenied */
function grantedBackend(context: CallContext, id: string): BackendId {
  if (!mayUse(callerOf(context).agent, id)) throw new Fault('AccessDenied', `This agent was not given "${id}".`);
  return parseBackendId(id);
}

function callerOf({ caller }: CallContext): AgentCaller {
  if (caller?.agent === undefined) throw new Fault('NotAuthenticated', 'This call is for agents.');
  return caller.agent;
}

function workerOf(context: CallContext): Worker {
  const { agent, epoch } = callerOf(context);
  return { name: agent.id, epoch };
}

/** @throws Fault LeaseLost */
async function held(
  { metadata }: ControlServices,
  input: { readonly params: { readonly job: string }; readonly body: { readonly token: string } },
  context: CallContext,
): Promise<{ readonly blobId: BlobId; readonly bucketId: number | null; readonly lease: RepairLease }> {
  const lease = { jobId: input.params.job, token: BigInt(input.body.token) };
  const found = await metadata.leasedBlob(workerOf(context), lease);
  if (found === undefined) throw new Fault('LeaseLost', 'The right to this job is over.');
  return { ...found, lease: { ...lease, blobId: found.blobId } };
}

type Request<C extends WireCall> = z.output<(typeof wire)[C]['request']>;
type Answer<C extends WireCall> = z.input<(typeof wire)[C]['answer']>;

function facts(name: WireCall, summary: string, access: 'public' | 'agent') {
  const operationId = `agent${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return { method: 'POST', path: wirePaths[name], operationId, tag: 'agents', summary, access, status: 200 } as const;
}

function call<C extends WireCall>(
  name: C,
  summary: string,
  access: 'public' | 'agent',
  handle: (input: { readonly body: Request<C> }, context: CallContext) => Promise<Answer<C>>,
): Route {
  const { request: body, answer: response } = wire[name];
  return route({ ...facts(name, summary, access), body, response, handle: handle as never });
}

function jobCall<C extends WireCall>(
  name: C,
  summary: string,
  handle: (
    input: { readonly params: z.output<typeof params>; readonly body: Request<C> },
    context: CallContext,
  ) => Promise<Answer<C>>,
): Route {
  const { request: body, answer: response } = wire[name];
  return route({ ...facts(name, summary, 'agent'), params, body, response, handle: handle as never });
}
