import { z } from 'zod';
import { integer, meta, redisUrl, secretUrl } from './fields.ts';

/** Where metadata is: the database, and the cache that several processes share. */
export const metadataSettings = {
  databaseUrl: secretUrl(['postgres:', 'postgresql:'])
    .optional()
    .meta(
      meta({
        env: 'DATABASE_URL',
        form: 'URL',
        secret: true,
        fallback: 'embedded PostgreSQL',
        description: 'PostgreSQL 15 or later. Unset: a private one is started below the data directory.',
      }),
    ),
  databasePoolSize: integer(2, 500)
    .default(16)
    .meta(
      meta({
        env: 'SEALGATE_DATABASE_POOL_SIZE',
        form: 'number',
        description: 'Database connections of each process.',
      }),
    ),
  redisUrl: redisUrl()
    .optional()
    .meta(
      meta({
        env: 'REDIS_URL',
        form: 'URL',
        secret: true,
        fallback: 'no shared cache',
        description:
          'Redis 6.2 or later, or Valkey: the cache that several gateways or workers share. `redis[s]://[user:password@]host[:port][/database]`, `redis[s]+sentinel://host[:port],.../primary[/database]` or `redis[s]+cluster://host[:port],...`; `rediss` means TLS. The same for all gateways on one database. A gateway that is one process with the embedded database has its cache in itself.',
      }),
    ),
  redisCa: z
    .string()
    .min(1, 'must name a file')
    .optional()
    .meta(
      meta({
        env: 'SEALGATE_REDIS_CA',
        form: 'file',
        fallback: 'the certificate authorities of Node',
        description: 'PEM certificates that those of `rediss` servers must come from.',
      }),
    ),
  cacheLeaseMs: integer(500, 600_000)
    .default(10_000)
    .meta(
      meta({
        env: 'SEALGATE_CACHE_LEASE_MS',
        form: 'milliseconds',
        description:
          'How long a gateway that does not reach the database answers from the shared cache, and how long writers wait at most for a gateway that went silent when the cache fails. The same for all gateways on one database.',
      }),
    ),
};
