import { Fault } from '@sealgate/core/faults';
import type { CallerRole } from '@sealgate/core/federation';
import { physicalBucketName } from '@sealgate/core/names';
import type { Agent, Job } from '@sealgate/core/ports';
import { base64url, calculateJwkThumbprint, decodeProtectedHeader } from 'jose';
import { z } from 'zod';

import { type CallContext, type Route, route } from '../route.ts';
import { type ControlServices, requireBucket } from '../services.ts';
import { requireJob } from './jobs.ts';

/** As the table of the database has it, and as agents take it. */
const GRANT_CHARS_MAX = 8192;
const GRANT_MS_MAX = 15 * 60_000;
/** The clock of who granted may be so far ahead. */
const SKEW_MS = 60_000;
const CHANGE: readonly CallerRole[] = ['operator', 'tenant'];

const params = z.object({ job: z.string().max(64).meta({ description: 'Id of a replication.' }) });
const agentName = z.string().min(1).max(63).meta({ description: 'Name of an agent.' });

const termsSchema = z.object({
  job: z.string(),
  tenant: z.string(),
  agent: z.string(),
  encryptionKey: z.string().meta({
    description:
      'X25519, base64. Compare its thumbprint with what the agent itself shows before you seal anything to it.',
  }),
  backends: z.array(z.object({ id: z.string(), endpoint: z.string(), region: z.string(), bucket: z.string() })).meta({
    description: 'Targets of the job in the custody of clients, and the only bucket of each that the job needs.',
  }),
});

/** How the owner of a backend hands its credentials to an agent, for one job. What passes here is ciphertext. */
export function jobGrantRoutes(services: ControlServices): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/proxy/jobs/:job/grant-terms',
      operationId: 'getGrantTerms',
      tag: 'jobs',
      summary: 'What credentials for this job would be for, and the key of the agent to seal them to',
      access: { roles: CHANGE, tenant: 'any' },
      status: 200,
      params,
      query: z.object({ agent: agentName }),
      response: termsSchema,
      async handle(input, context) {
        const job = await replication(services, input.params.job, context);
        const agent = await requireAgent(services, input.query.agent);
        return {
          ...{ job: job.id, tenant: job.tenant, agent: agent.id },
          encryptionKey: Buffer.from(agent.encryptionKey).toString('base64'),
          backends: await placesOf(services, job),
        };
      },
    }),
    route({
      method: 'POST',
      path: '/proxy/jobs/:job/grants',
      operationId: 'createGrant',
      tag: 'jobs',
      summary: 'Hand credentials for this job to an agent, sealed to its key',
      description:
        'A compact JWE that the agent alone can open, as docs/spec/credential-grants.md has it. It waits until the agent takes it, once, or until it ends. Whether it is good the agent says; here only what stands on its outside is looked at.',
      access: { roles: CHANGE, tenant: 'any' },
      status: 202,
      params,
      body: z.strictObject({ agent: agentName, grant: z.string().min(1).max(GRANT_CHARS_MAX) }),
      response: z.object({ expiresAt: z.iso.datetime() }),
      async handle({ params: { job: id }, body }, context) {
        const job = await replication(services, id, context);
        const agent = await requireAgent(services, body.agent);
        const nowMs = services.clock.now();
        const untilMs = await outsideOf(body.grant, { job, agent, nowMs });
        const goodMs = Math.min(untilMs - nowMs, GRANT_MS_MAX);
        const grant = { jobId: job.id, agentId: agent.id, sealed: body.grant, goodMs };
        await services.metadata.offerGrant(grant, context.actor);
        return { expiresAt: new Date(nowMs + goodMs).toISOString() };
      },
    }),
  ];
}

type Replication = Job & { readonly tenant: string; readonly bucket: NonNullable<Job['bucket']> };
type SealableAgent = Agent & { readonly encryptionKey: Uint8Array };

/** @throws Fault NotFound; Conflict for a repair, which is owed by a class and nobody's to grant for, or one that is over */
async function replication(services: ControlServices, id: string, context: CallContext): Promise<Replication> {
  const job = await requireJob(services, id, context, CHANGE);
  const { tenant, bucket } = job;
  if (job.kind !== 'replicate' || tenant === null || bucket === null)
    throw new Fault('Conflict', 'Credentials are granted for replications only.');
  if (job.state !== 'waiting' && job.state !== 'active') throw new Fault('Conflict', 'This job is over.');
  return { ...job, tenant, bucket };
}

/** @throws Fault NotFound, Conflict */
async function requireAgent({ metadata }: ControlServices, id: string): Promise<SealableAgent> {
  const agent = await metadata.agent(id);
  if (agent === undefined) throw new Fault('NotFound', `There is no agent "${id}".`);
  const { encryptionKey } = agent;
  if (agent.state !== 'active' || encryptionKey === null)
    throw new Fault('Conflict', 'This agent is not active: it has not enrolled, or was disabled.');
  return { ...agent, encryptionKey };
}

async function placesOf(services: ControlServices, job: Replication) {
  const { metadata } = services;
  const { id, region, name } = await requireBucket(services, job.tenant, job.bucket);
  const [backends, physical] = await Promise.all([metadata.listBackends(), metadata.physicalBuckets(id)]);
  const targets = new Set(job.targets.map(({ backend }) => backend));
  return backends
    .filter((backend) => targets.has(backend.id) && backend.custody === 'client')
    .map(({ id: backend, endpoint, providerRegion }) => {
      const first = physicalBucketName({ tenant: job.tenant, region, bucket: name, backend, counter: 0 });
      return { id: backend, endpoint, region: providerRegion, bucket: physical.get(backend) ?? first };
    });
}

/**
 * A mistake is told to who made it, and not only to the agent's log. No safety hangs on it.
 * @returns when it ends, in milliseconds since 1970
 * @throws Fault ValidationFailed
 */
async function outsideOf(
  sealed: string,
  { job, agent, nowMs }: { readonly job: Job; readonly agent: SealableAgent; readonly nowMs: number },
): Promise<number> {
  const refuse = (why: string) => new Fault('ValidationFailed', `The grant ${why}.`);
  let header: Readonly<Record<string, unknown>>;
  try {
    header = decodeProtectedHeader(sealed);
  } catch (cause) {
    throw new Fault('ValidationFailed', 'The grant is no compact JWE.', { cause });
  }
  const x = base64url.encode(agent.encryptionKey);
  const kid = await calculateJwkThumbprint({ kty: 'OKP', crv: 'X25519', x });
  if (header['kid'] !== kid) throw refuse('is not sealed to the key of this agent');
  if (header['apv'] !== base64url.encode(job.id)) throw refuse('is for another job');
  const exp = header['exp'];
  if (typeof exp !== 'number' || exp * 1000 <= nowMs || exp * 1000 > nowMs + GRANT_MS_MAX + SKEW_MS)
    throw refuse('ended, or would be good for more than 15 minutes');
  return exp * 1000;
}
