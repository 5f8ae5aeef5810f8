import type { SnapshotBucket, SnapshotFile } from '@sealgate/core/discovery';
import type { Snapshot } from '@sealgate/core/ports';
import { z } from 'zod';
import { isoTime, timeField } from './models.ts';

// A snapshot on the outside. It has no member for anything that opens a source.

const unread = ['not-permitted', 'not-supported', 'unknown'] as const;
const amount = z.object({ objects: z.number(), bytes: z.number() });

export const snapshotSchema = z
  .object({
    id: z.string(),
    tenant: z.string(),
    createdAt: z.iso.datetime().nullable(),
    source: z.object({
      endpoint: z.string(),
      region: z.string(),
      addressing: z.enum(['path', 'virtual']),
      provider: z.string().nullable(),
      zone: z.string().nullable(),
      prefix: z.string(),
    }),
    buckets: z.number().meta({ description: 'Buckets that were looked at.' }),
    bucketsFound: z.number().meta({ description: 'Buckets that the credentials may list, or that were named.' }),
    objects: z.number().meta({ description: 'Objects that were listed.' }),
    bytes: z.number(),
    files: z.number().meta({ description: 'Objects whose names are kept.' }),
    truncated: z
      .object({ buckets: z.boolean(), files: z.boolean(), time: z.boolean() })
      .meta({ description: 'What cut the look short: too many buckets, too many files, or its time.' }),
    tookMs: z.number(),
  })
  .meta({ description: 'What storage that somebody wants to bring in looked like, without its credentials.' });

export const snapshotBucketSchema = amount
  .extend({
    name: z.string(),
    createdAt: timeField,
    trouble: z
      .enum([
        'wrong-credentials',
        'not-permitted',
        'not-found',
        'elsewhere',
        'unreachable',
        'timeout',
        'invalid-answer',
      ])
      .nullable()
      .meta({ description: 'Why it could not be read, or not to its end.' }),
    truncated: z.boolean().meta({ description: 'There is more than was listed: the sums are those of a part.' }),
    files: z.number(),
    withheld: z.number().meta({ description: 'Objects in the sums whose names cannot be kept.' }),
    storageClasses: z.array(amount.extend({ name: z.string() })),
    newestAt: timeField,
    oldestAt: timeField,
    largest: z.array(z.object({ key: z.string(), bytes: z.number() })),
    sizes: z.array(
      amount.extend({
        upToBytes: z.number().nullable().meta({ description: 'Larger than the step before. null: any size.' }),
      }),
    ),
    prefixes: z.array(amount.extend({ prefix: z.string() })).meta({
      description: 'First folders below what was asked for, those with the most bytes; "" are keys without one.',
    }),
    otherPrefixes: amount,
    versioning: z.enum(['enabled', 'suspended', 'off', ...unread]),
    encryption: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse', 'other', 'none', ...unread]),
    objectLock: z.enum(['enabled', 'off', ...unread]),
    defaultRetention: z
      .object({ mode: z.enum(['GOVERNANCE', 'COMPLIANCE']), unit: z.enum(['days', 'years']), count: z.number() })
      .nullable(),
    tagging: z.enum(['tagged', 'none', ...unread]),
    tagNames: z.array(z.string()).meta({ description: 'Without their values.' }),
  })
  .meta({ description: 'A bucket of a snapshot.' });

export const snapshotFileSchema = z.object({
  key: z.string(),
  bytes: z.number(),
  modifiedAt: timeField,
  storageClass: z.string(),
  etag: z.string().nullable(),
});

export function snapshotModel({ id, tenant, createdAtMs, summary }: Snapshot): z.input<typeof snapshotSchema> {
  return { ...summary, id, tenant, createdAt: isoTime(createdAtMs) };
}

export function snapshotBucketModel(bucket: SnapshotBucket): z.input<typeof snapshotBucketSchema> {
  const { createdAtMs, newestAtMs, oldestAtMs, storageClasses, largest, sizes, prefixes, tagNames, ...rest } = bucket;
  return {
    ...rest,
    createdAt: isoTime(createdAtMs),
    newestAt: isoTime(newestAtMs),
    oldestAt: isoTime(oldestAtMs),
    storageClasses: [...storageClasses],
    largest: [...largest],
    sizes: [...sizes],
    prefixes: [...prefixes],
    tagNames: [...tagNames],
  };
}

export function snapshotFileModel({ modifiedAtMs, ...file }: SnapshotFile): z.input<typeof snapshotFileSchema> {
  return { ...file, modifiedAt: isoTime(modifiedAtMs) };
}
