import { Fault } from '@sealgate/core/faults';
import { ENVELOPES_AT_ONCE_MAX } from '@sealgate/core/limits';
import { parseObjectKey, type VersionId } from '@sealgate/core/names';
import { sealErrorCodes } from '@sealgate/sealed/inspect';
import { z } from 'zod';
import { changeEnvelopes } from '../../envelopes/change-envelopes.ts';
import { tenantChanges } from '../access.ts';
import { ENVELOPE_CHARS_MAX, ENVELOPE_RECIPIENTS_MAX, ENVELOPES_LOOKED_AT } from '../limits.ts';
import { bucketNameField, tenantRefField } from '../models.ts';
import { decodeCursor, encodeCursor } from '../paging.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requireBucket } from '../services.ts';

/** PostgreSQL's text holds every other character. */
const noNul = z.string().regex(/^[^\0]*$/, 'has no NUL character');
const keyIdField = noNul.min(1).max(256).meta({ description: 'RFC 9278 URI of a key’s thumbprint.' });
const keyVersionField = z.number().int().min(1).max(2_147_483_647);
const keyField = z.string().transform(parseObjectKey).meta({ description: 'Of the object.' });
const envelopeField = z
  .string()
  .max(ENVELOPE_CHARS_MAX)
  .meta({ description: 'Key envelope, JSON: docs/spec/sealed-objects.md, section 3.' });

const listed = z.object({
  key: z.string(),
  versionId: z.string(),
  keyId: z.string().meta({ description: 'Of the primary recipient.' }),
  keyVersion: z.number(),
  envelope: z.string(),
  locked: z.boolean().meta({ description: 'Retention or a legal hold keeps it as it is.' }),
});

const wanted = z.object({
  key: keyField,
  versionId: z.string().max(64).optional().meta({ description: 'The current version when left out.' }),
  expected: z
    .object({ keyId: keyIdField.optional(), keyVersion: keyVersionField })
    .meta({ description: 'What the envelope there must still say.' }),
  envelope: envelopeField,
  keyVersion: keyVersionField.meta({ description: 'Of the new primary key in its owner’s keyring.' }),
});

const outcome = z.object({
  key: z.string(),
  versionId: z.string().nullable(),
  outcome: z.enum(['changed', 'gone', 'conflict', 'locked', 'refused']).meta({
    description:
      'gone: no such version, or none with an envelope. conflict: the envelope there is another one by now. locked: object lock keeps it. refused: the new one is not for this object, or the bucket does not take it.',
  }),
  reason: z.enum(Object.keys(sealErrorCodes)).optional(),
  message: z.string().optional(),
});

export function envelopeRoutes(services: ControlServices): readonly Route[] {
  return [listRoute(services), changeRoute(services)];
}

function listRoute(services: ControlServices): Route {
  return route({
    method: 'GET',
    path: '/proxy/envelopes',
    operationId: 'listEnvelopes',
    tag: 'keys',
    summary: 'Key envelopes that are not sealed to the wanted keys, of all versions of a bucket',
    description:
      'By key, newest version first. A page looks at a bounded number of versions, so it may be empty and have a `next`.',
    access: tenantChanges({ in: 'query', name: 'tenant' }),
    status: 200,
    query: z.object({
      tenant: tenantRefField,
      bucket: bucketNameField,
      prefix: noNul.max(1024).default(''),
      sealedTo: noNul
        .max(4096)
        .default('')
        .meta({ description: 'Key ids with commas between them, the primary one first. Empty: all envelopes.' }),
      cursor: z.string().max(2048).optional().meta({ description: 'What `next` of the page before said.' }),
      count: z
        .enum(['true', 'false'])
        .default('false')
        .transform((text) => text === 'true')
        .meta({ description: 'Only how many there are: `items` stays empty, and `limit` does not count.' }),
      limit: z.coerce.number().int().min(1).max(ENVELOPES_AT_ONCE_MAX).default(100),
    }),
    response: z.object({
      items: z.array(listed),
      behind: z.number().meta({ description: 'Envelopes of this page.' }),
      looked: z.number().meta({ description: 'Versions that were looked at for this page.' }),
      next: z.string().nullable(),
    }),
    async handle({ query }) {
      const { id: bucketId } = await requireBucket(services, query.tenant, query.bucket);
      const keyIds = query.sealedTo === '' ? [] : query.sealedTo.split(',');
      if (keyIds.length > ENVELOPE_RECIPIENTS_MAX) {
        throw new Fault('ValidationFailed', `An envelope has at most ${ENVELOPE_RECIPIENTS_MAX} recipients.`);
      }
      const page = await services.metadata.listEnvelopes({
        bucketId,
        prefix: query.prefix,
        after: query.cursor === undefined ? null : placeOf(query.cursor),
        wanted: keyIds,
        limit: query.count ? ENVELOPES_LOOKED_AT : query.limit,
        look: ENVELOPES_LOOKED_AT,
      });
      const items = (query.count ? [] : page.envelopes).map(({ key, versionId, locked, envelope }) => {
        const { keyId, keyVersion, encryptedKey } = envelope;
        return { key, versionId, keyId, keyVersion, envelope: encryptedKey, locked };
      });
      const { looked, next, envelopes } = page;
      return {
        items,
        behind: envelopes.length,
        looked,
        next: next === null ? null : encodeCursor(`${next.seq}/${next.key}`),
      };
    },
  });
}

function changeRoute(services: ControlServices): Route {
  return route({
    method: 'PATCH',
    path: '/proxy/envelopes',
    operationId: 'changeEnvelopes',
    tag: 'keys',
    summary: 'Put other key envelopes in the place of those of versions',
    description:
      'Rotation of keys: the bytes stay. Each change is a compare-and-swap and stands for itself. The bucket’s recovery manifests are written anew without the envelopes before.',
    access: tenantChanges({ in: 'body', name: 'tenant' }),
    status: 200,
    body: z.object({
      tenant: tenantRefField,
      bucket: bucketNameField,
      bypassGovernance: z.boolean().default(false),
      changes: z.array(wanted).min(1).max(ENVELOPES_AT_ONCE_MAX),
    }),
    response: z.object({ results: z.array(outcome) }),
    async handle({ body }, { actor }) {
      const bucket = await requireBucket(services, body.tenant, body.bucket);
      const changes = body.changes.map(({ versionId, expected, ...change }) => ({
        ...change,
        expected: {
          keyVersion: expected.keyVersion,
          ...(expected.keyId === undefined ? {} : { keyId: expected.keyId }),
        },
        ...(versionId === undefined ? {} : { versionId: versionId as VersionId | 'null' }),
      }));
      const places = new Set(changes.map(({ key, versionId = '' }) => `${versionId}/${key}`));
      if (places.size < changes.length) throw new Fault('ValidationFailed', 'A version is named twice.');
      const { bypassGovernance } = body;
      const answers = await changeEnvelopes(services, bucket, { wanted: changes, bypassGovernance, actor });
      const results = answers.map((answer, at) => {
        const { key = '', versionId = null } = changes[at] ?? {};
        const why = answer.outcome === 'refused' ? { reason: answer.reason, message: answer.message } : {};
        return { key, versionId, outcome: answer.outcome, ...why };
      });
      return { results };
    },
  });
}

/** @throws Fault ValidationFailed */
function placeOf(cursor: string) {
  const [, seq, key] = /^(\d{1,18})\/([\s\S]+)$/.exec(decodeCursor(cursor)) ?? [];
  if (seq === undefined || key === undefined) {
    throw new Fault('ValidationFailed', 'The cursor is not one that a page gave.');
  }
  return { seq: BigInt(seq), key: parseObjectKey(key) };
}
