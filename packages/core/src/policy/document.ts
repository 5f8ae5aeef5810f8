import { z } from 'zod';
import {
  EXPRESSION_TEXT_MAX,
  POLICY_CLASSES_MAX,
  POLICY_LIST_MAX,
  POLICY_RECIPIENTS_MAX,
  POLICY_RULES_MAX,
  REGION_LOCK_ENTRIES_MAX,
  REPLICAS_MAX,
  RETENTION_DAYS_MAX,
} from '../limits.ts';
import { isCountry, isPlace } from '../places/countries.ts';

/** The one version of the document's form. */
const POLICY_API_VERSION = 'sealgate/v1';

/** S3's own storage classes. `STANDARD` means the default class, the others are refused; none may name a class. */
const S3_STORAGE_CLASSES: ReadonlySet<string> = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'OUTPOSTS',
  'GLACIER_IR',
  'SNOW',
  'EXPRESS_ONEZONE',
  'FSX_OPENZFS',
  'FSX_ONTAP',
]);

const LABELS = ['region', 'country', 'provider', 'jurisdiction', 'operatorJurisdiction'] as const;

const CAPABILITIES = [
  'put',
  'get',
  'range',
  'delete',
  'list',
  'listAfter',
  'multipart',
  'unequalParts',
  'smallParts',
  'conditionalWrite',
  'versioning',
  'objectLock',
  'lockWithoutDigest',
  'checksumHeader',
  'checksumTrailer',
  'chunkSignature',
  'etagIsMd5',
] as const;

const place = z
  .string()
  .regex(/^[A-Z]{2,3}$/, 'write it in capitals, such as EU, EEA or FI')
  .refine(isPlace, 'it is neither a jurisdiction (EU, EEA, UK) nor an ISO 3166-1 country code')
  .meta({ description: 'A jurisdiction (EU, EEA, UK) or an ISO 3166-1 alpha-2 country code.' });

const country = z
  .string()
  .regex(/^[A-Z]{2}$/, 'write it as two capitals, such as FI')
  .refine(isCountry, 'it is not an ISO 3166-1 alpha-2 code (the United Kingdom is GB)')
  .meta({ description: 'An ISO 3166-1 alpha-2 country code.' });

const label = z.string().min(1).max(128);

function allowDeny<T extends z.ZodType<string>>(entry: T, what: string) {
  const list = z.array(entry).min(1).max(POLICY_LIST_MAX);
  return z
    .strictObject({
      allow: list.optional().meta({ description: `Only these ${what}. A backend whose value is unknown is refused.` }),
      deny: list
        .optional()
        .meta({ description: `None of these ${what}. A backend whose value is unknown is refused.` }),
    })
    .optional();
}

const count = z.int().min(1).max(REPLICAS_MAX).optional();

const className = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, 'use 1 to 63 letters, digits, hyphens or underscores, a letter first')
  .refine((name) => !S3_STORAGE_CLASSES.has(name), 'it is a storage class of S3; choose another name');

const customClass = z
  .strictObject({
    name: className.meta({ description: 'What clients write in x-amz-storage-class.' }),
    copies: z.int().min(1).max(REPLICAS_MAX).optional().meta({ description: 'Whole copies, each on its own backend.' }),
    erasure: z
      .string()
      .regex(/^[1-9]\d?\+[1-9]\d?$/, 'write it as "k+m", such as "4+2"')
      .optional()
      .meta({ description: '"k+m": k data and m parity shards, each on its own backend; any k rebuild the object.' }),
    ack: z.string().min(1).meta({
      description: 'When a write is acknowledged, for example: copies >= 2 && regions >= 2',
    }),
    spread: z
      .strictObject({ regions: count, countries: count, providers: count, jurisdictions: count })
      .optional()
      .meta({ description: 'Least number of different values among the chosen backends.' }),
    within: z
      .array(z.enum(LABELS))
      .min(1)
      .max(LABELS.length)
      .optional()
      .meta({ description: 'Labels of which all chosen backends share one value.' }),
  })
  .meta({ oneOf: [{ required: ['copies'] }, { required: ['erasure'] }] });

/** What may wrap a content key, and the encrypted formats that a gateway recognises (packages/sealed, inspect). */
const KEY_ALGORITHMS = ['RSA-OAEP-256', 'ECDH-ES+A256KW'] as const;
const ENVELOPE_FORMATS = [
  'sgo1',
  's3ec-v3',
  's3ec-v2',
  's3ec-v1',
  's3ec-instruction-file',
  'age-v1',
  'rclone-v0',
  'esdk-v2',
  'esdk-v1',
  'openpgp',
  'cms',
  'jwe',
  'tink-streaming',
  'openssl-salted',
] as const;

const expression = z.string().min(1).max(EXPRESSION_TEXT_MAX).optional();

const rule = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,62}$/, 'use 1 to 63 small letters, digits or hyphens, a letter first')
      .meta({ description: 'What a refusal names, as rules.<name>.' }),
    allow: expression.meta({ description: 'CEL: refuse unless it holds. A fact that is not known refuses.' }),
    deny: expression.meta({ description: 'CEL: refuse when it holds. A fact that is not known refuses.' }),
    reason: z.string().min(1).max(256).optional().meta({ description: 'What is refused, in words for people.' }),
  })
  .meta({ oneOf: [{ required: ['allow'] }, { required: ['deny'] }] });

const days = z.int().min(1).max(RETENTION_DAYS_MAX);
const retentionMode = z.enum(['GOVERNANCE', 'COMPLIANCE']);

const retention = z.strictObject({
  minimumDays: days.optional().meta({
    description: 'Every new version is retained so long at least. Buckets without object lock take no writes then.',
  }),
  maximumDays: days.optional().meta({ description: 'No version is retained longer than so many days from now.' }),
  default: z
    .strictObject({ mode: retentionMode, days })
    .optional()
    .meta({ description: 'Of versions in buckets with object lock that neither writer nor bucket says anything of.' }),
  mode: retentionMode.optional().meta({ description: 'COMPLIANCE: no version is retained under GOVERNANCE.' }),
});

const preference = z.number().min(0).max(10).optional();

export const policyDocument = z
  .strictObject({
    apiVersion: z.literal(POLICY_API_VERSION),
    kind: z.literal('Policy'),
    metadata: z.strictObject({
      name: z
        .string()
        .regex(/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/, 'use 1 to 63 small letters, digits, dots or hyphens'),
      description: z.string().max(2000).optional(),
    }),
    spec: z.strictObject({
      classes: z
        .array(z.union([className.meta({ description: 'A built-in class by its name.' }), customClass]))
        .min(1)
        .max(POLICY_CLASSES_MAX)
        .optional()
        .meta({ description: 'Classes that clients may choose. Without it: all built-in classes.' }),
      defaultClass: className.optional().meta({
        description: 'The class of objects that name none. Without it: StandardClass when allowed, else the first.',
      }),
      residency: z
        .strictObject({
          regionLock: z
            .array(place)
            .min(1)
            .max(REGION_LOCK_ENTRIES_MAX)
            .optional()
            .meta({ description: 'Bytes lie only in these jurisdictions or countries.' }),
          countries: allowDeny(country, 'countries'),
          operatorJurisdiction: allowDeny(place, "seats of the operator's ultimate parent"),
          providers: allowDeny(label, 'providers'),
          backends: allowDeny(label, 'backends'),
        })
        .optional()
        .meta({ description: 'Where bytes may lie, and in whose hands.' }),
      require: z
        .strictObject({
          capabilities: z
            .array(z.enum(CAPABILITIES))
            .max(CAPABILITIES.length)
            .optional()
            .meta({ description: 'Features that the probe must have found.' }),
          certificates: z
            .array(
              z
                .string()
                .regex(/[A-Za-z0-9]/, 'name a certificate, such as ISO 27001')
                .max(64),
            )
            .max(POLICY_LIST_MAX)
            .optional()
            .meta({
              description: 'Certificates that the backend must hold; spelling of case, spaces and dashes is free.',
            }),
        })
        .optional()
        .meta({ description: 'What a backend must be able to do or to show.' }),
      encryption: z
        .strictObject({
          mode: z
            .enum(['required', 'report', 'off'])
            .optional()
            .meta({ description: 'Least strict encryption mode of the buckets under this policy.' }),
          formats: z.array(z.enum(ENVELOPE_FORMATS)).min(1).max(ENVELOPE_FORMATS.length).optional().meta({
            description: 'Encrypted formats that strict buckets take. Without it: sgo1, sealed objects, alone.',
          }),
          keyAlgorithms: z
            .array(z.enum(KEY_ALGORITHMS))
            .min(1)
            .max(KEY_ALGORITHMS.length)
            .optional()
            .meta({ description: 'What may wrap the content keys of sealed objects.' }),
          requiredRecipients: z
            .array(
              z
                .string()
                .regex(
                  /^urn:ietf:params:oauth:jwk-thumbprint:sha-256:[A-Za-z0-9_-]{43}$/,
                  'write a key id as "sealgate keys list" shows it',
                ),
            )
            .max(POLICY_RECIPIENTS_MAX)
            .optional()
            .meta({ description: 'Keys that every sealed object must be readable with, such as one for recovery.' }),
          requireManifest: z.enum(['signed']).optional().meta({
            description:
              'signed: every object brings the manifest of its writer, signed by a key with use "sign" that is in use in the keyring of the tenant.',
          }),
        })
        .optional()
        .meta({ description: 'What buckets under this policy take.' }),
      objectLock: z
        .strictObject({
          pushDown: z.boolean().optional().meta({
            description:
              'Backends with object lock are told of the retention of versions, too. The gateway enforces it in any case.',
          }),
          retention: retention.optional(),
        })
        .optional()
        .meta({ description: 'How long versions may and must be retained.' }),
      rules: z
        .array(rule)
        .min(1)
        .max(POLICY_RULES_MAX)
        .optional()
        .meta({ description: 'CEL over backend, bucket, request and time. Every one must consent.' }),
      prefer: z
        .strictObject({
          price: preference.meta({ description: 'How much cheap storage counts; 1: half the price, twice the share.' }),
          latency: preference.meta({ description: 'How much a low expected latency counts.' }),
          currency: z
            .string()
            .regex(/^[A-Z]{3}$/, 'write it as three capitals, such as EUR')
            .optional()
            .meta({ description: 'Of prices that are compared; EUR unless given. Others count as not known.' }),
        })
        .optional()
        .meta({ description: 'Which of the allowed backends are taken rather than others.' }),
    }),
  })
  .meta({
    title: 'Sealgate policy',
    description: 'Where the bytes of a bucket may lie, in how many copies, and when a write is acknowledged.',
  });

export type PolicyDocument = z.infer<typeof policyDocument>;
export type ClassDocument = Exclude<NonNullable<PolicyDocument['spec']['classes']>[number], string>;
