import { z } from 'zod';
import { Fault } from '../faults/index.ts';
import type { LifecycleConfiguration } from './types.ts';

const days = z.int().min(0);
const time = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('days'), days }),
  z.strictObject({ kind: z.literal('date'), atMs: z.int() }),
]);
const expiration = z.discriminatedUnion('kind', [
  ...time.options,
  z.strictObject({ kind: z.literal('marker'), remove: z.boolean() }),
]);
const wait = { days, newerVersions: z.int().min(1).nullable() };

/** Strict in every part: a filter that was misread could match what it was written to spare. */
const schema = z.strictObject({
  transitionMinimum: z.enum(['all_storage_classes_128K', 'varies_by_storage_class']),
  rules: z.array(
    z.strictObject({
      id: z.string(),
      enabled: z.boolean(),
      legacyPrefix: z.boolean(),
      filter: z.strictObject({
        prefix: z.string().nullable(),
        tags: z.array(z.strictObject({ key: z.string(), value: z.string() })),
        sizeGreaterThan: z.int().nullable(),
        sizeLessThan: z.int().nullable(),
      }),
      expiration: expiration.nullable(),
      noncurrentExpiration: z.strictObject(wait).nullable(),
      transitions: z.array(z.strictObject({ when: time, storageClass: z.string() })),
      noncurrentTransitions: z.array(z.strictObject({ ...wait, storageClass: z.string() })),
      abortUploadDays: days.nullable(),
    }),
  ),
});

/** The form a configuration is kept in (`Bucket.configs.lifecycle`). */
export function writeLifecycleDocument(configuration: LifecycleConfiguration): string {
  return JSON.stringify(configuration);
}

/** @throws Fault InternalError when it is no document of ours: nothing may be done by a configuration half understood */
export function readLifecycleDocument(document: string): LifecycleConfiguration {
  try {
    return schema.parse(JSON.parse(document));
  } catch (error) {
    throw new Fault('InternalError', 'The stored lifecycle configuration cannot be read.', { cause: error });
  }
}
