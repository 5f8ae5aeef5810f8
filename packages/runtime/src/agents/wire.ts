import { z } from 'zod';

// What an agent and a gateway say to each other, below /agents of the control listener. Both sides parse with these
// schemas: neither trusts the other to have sent what it should.

/** Whom assertions are for. */
export const ASSERTION_AUDIENCE = 'urn:sealgate:agents';
/** How long an assertion may be good; its `jti` is remembered for as long. */
export const ASSERTION_SECONDS_MAX = 60;
/** Repairs that an agent may take at once. */
export const LEASES_MAX = 64;
/** Grants of credentials that it may take at once. */
const GRANTS_MAX = 64;
export const LEASE_MS_MIN = 1000;
export const LEASE_MS_MAX = 10 * 60_000;

const id = z.string().min(1).max(128);
const blobId = z.uuid();
const base64 = z.base64();
/** Fencing tokens are wider than a JSON number. */
const token = z.string().regex(/^\d{1,19}$/);
const place = { backend: id, shard: z.number().int().min(0).max(255) };
const replica = z.object({ ...place, state: z.enum(['stored', 'pending', 'missing', 'leaving']) });
const jobKind = z.enum(['repair', 'replicate']);

const layout = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('copies') }),
  z.object({ kind: z.literal('erasure'), k: z.number().int(), m: z.number().int(), stripeBytes: z.number().int() }),
]);

export const wire = {
  enrol: {
    request: z.object({
      token: z.string().min(32).max(128),
      publicKey: base64.length(44),
      encryptionKey: base64.length(44),
    }),
    answer: z.object({ id, kinds: z.array(jobKind), backends: z.array(id).nullable() }),
  },
  session: {
    request: z.object({ assertion: z.string().max(4096) }),
    answer: z.object({ token: z.string(), expiresInMs: z.number(), epoch: z.number(), kinds: z.array(jobKind) }),
  },
  backends: {
    request: z.object({
      reported: z.record(id, z.object({ ok: z.boolean(), latencyMs: z.number().min(0) })),
      /** Slots that the agent holds of what backends allow to background work. */
      slots: z.record(id, z.number().int().min(0).max(999)).default({}),
    }),
    answer: z.object({
      backends: z.array(
        z.object({
          id,
          num: z.number(),
          type: z.enum(['s3', 'filesystem', 'memory']),
          endpoint: z.string(),
          provider: z.string(),
          providerRegion: z.string(),
          region: z.string(),
          country: z.string(),
          jurisdiction: z.string(),
          operatorJurisdiction: z.string(),
          certificates: z.array(z.string()),
          sla: z.string().nullable(),
          weight: z.number(),
          addressing: z.enum(['path', 'virtual']),
          custody: z.enum(['gateway', 'agent', 'client']),
          background: z.object({ bytesPerSecond: z.number().nullable(), concurrency: z.number().nullable() }),
          /** The agent's part of that; null: unknown, so as little as can be. */
          part: z
            .object({ slot: z.number().int(), workers: z.number().int().min(1), rank: z.number().int().min(0) })
            .nullable()
            .default(null),
          capabilities: z.record(z.string(), z.boolean()),
          prices: z
            .object({
              currency: z.string(),
              storagePerGbMonth: z.number().nullable(),
              egressPerGb: z.number().nullable(),
              per1000Requests: z.number().nullable(),
            })
            .nullable(),
          expectedLatencyMs: z.number().nullable(),
          state: z.enum(['healthy', 'degraded', 'unhealthy', 'recovering', 'draining', 'retired']),
        }),
      ),
    }),
  },
  lease: {
    request: z.object({
      limit: z.number().int().min(1).max(LEASES_MAX),
      leaseMs: z.number().int().min(LEASE_MS_MIN).max(LEASE_MS_MAX),
      writes: z.array(id).max(1000),
      reads: z.array(id).max(1000),
      /** Only what this replication owes. */
      job: z.uuid().optional(),
    }),
    answer: z.object({
      leases: z.array(z.object({ jobId: z.string(), blobId, token })),
      /** The replication that was named has ended. */
      over: z.boolean().default(false),
    }),
  },
  grants: {
    /** Agents of before take them all. */
    request: z.object({ limit: z.number().int().min(1).max(GRANTS_MAX).default(GRANTS_MAX) }),
    /** Each is given once. */
    answer: z.object({ grants: z.array(z.object({ job: z.uuid(), sealed: z.string().max(8192) })) }),
  },
  renew: {
    request: z.object({
      leases: z.array(z.object({ jobId: z.uuid(), token })).max(LEASES_MAX),
      leaseMs: z.number().int().min(LEASE_MS_MIN).max(LEASE_MS_MAX),
    }),
    answer: z.object({ kept: z.array(z.string()) }),
  },
  end: {
    request: z.object({
      token,
      outcome: z.enum(['done', 'failed', 'released']),
      reason: z
        .string()
        .max(64)
        .regex(/^[A-Za-z]*$/)
        .default(''),
      /** Backends that had no room for what they are owed. */
      noRoom: z.array(id).max(255).default([]),
    }),
    answer: z.object({ held: z.boolean() }),
  },
  work: {
    request: z.object({ token }),
    answer: z.object({
      /** Null when nobody wants the bytes any more. */
      work: z
        .object({
          bucketId: z.number(),
          redundancyClass: z.string(),
          residency: z.string().nullable(),
          blob: z.object({
            blobId,
            bytes: z.number(),
            layout,
            blockBytes: z.number(),
            digests: base64.nullable(),
            replicas: z.array(replica),
          }),
          bucket: z
            .object({
              tenantId: z.string(),
              tenantName: z.string(),
              name: z.string(),
              region: z.string(),
              encryption: z.enum(['required', 'report', 'off']),
              versioning: z.enum(['off', 'enabled', 'suspended']),
              objectLock: z.boolean(),
              policyName: z.string().nullable(),
              regionLock: z.array(z.string()),
              tenantPolicyName: z.string().nullable(),
            })
            .nullable(),
          physical: z.record(id, z.string()),
        })
        .nullable(),
    }),
  },
  digests: {
    request: z.object({ token, first: z.number().int().min(0), count: z.number().int().min(1).max(4096) }),
    answer: z.object({ digests: base64 }),
  },
  mark: {
    request: z.object({ token, ...place }),
    answer: z.object({ outcome: z.enum(['wanted', 'unwanted', 'stale']) }),
  },
  bad: { request: z.object({ token, ...place }), answer: z.object({}) },
  discard: { request: z.object({ token, replicas: z.array(z.object(place)).max(64) }), answer: z.object({}) },
  bucket: {
    request: z.object({ token, backend: id, name: z.string().max(63), counter: z.number().int().min(0).max(1000) }),
    answer: z.object({}),
  },
  policy: {
    request: z.object({ name: z.string().min(1).max(63) }),
    answer: z.object({
      policy: z
        .object({ name: z.string(), version: z.number(), document: z.string(), createdAtMs: z.number() })
        .nullable(),
    }),
  },
} as const;

export type WireCall = keyof typeof wire;

/** Where a call goes; `:job` is the leased job. */
export const wirePaths: Readonly<Record<WireCall, string>> = {
  enrol: '/agents/enrol',
  session: '/agents/session',
  backends: '/agents/backends',
  lease: '/agents/leases',
  grants: '/agents/grants',
  renew: '/agents/leases/renew',
  end: '/agents/leases/:job/end',
  work: '/agents/leases/:job/work',
  digests: '/agents/leases/:job/digests',
  mark: '/agents/leases/:job/mark',
  bad: '/agents/leases/:job/bad',
  discard: '/agents/leases/:job/discard',
  bucket: '/agents/leases/:job/bucket',
  policy: '/agents/policy',
};
