import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Bytes } from '../format/bytes.ts';
import { concat, utf8 } from '../format/bytes.ts';
import { sealErrorCodes } from '../format/codes.ts';
import type { SealedFixture } from '../testing/fixtures.ts';
import { createKeyring, cutAt, names, pattern, sealBytes } from '../testing/fixtures.ts';
import type { InspectionPolicy, InspectionRequest } from './inspect.ts';
import { createObjectInspector } from './inspect.ts';
import { envelopeHeader, envelopeToMetadata } from './metadata.ts';
import type { Verdict } from './verdict.ts';

// RSA keys and Argon2id on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const key = createKeyring();
let sealed: SealedFixture;
let metadata: Record<string, string>;

beforeAll(async () => {
  sealed = await sealBytes(pattern(100_000), { recipients: [await key('P-256'), await key('RSA-3072')] });
  metadata = envelopeToMetadata(sealed.envelope.text, 3);
});

function inspect(
  body: Bytes,
  request: Partial<InspectionRequest> = {},
  policy: InspectionPolicy = {},
): Verdict & { early: boolean } {
  const inspector = createObjectInspector({ ...names, metadata, contentLength: body.length, ...request }, policy);
  if (inspector.refusal !== undefined) return { ...inspector.refusal, early: true };
  for (const chunk of cutAt(body, [5000])) inspector.push(chunk);
  return { ...inspector.finish(), early: false };
}

describe('a sealed object', () => {
  it('is accepted with its envelope in the columns of the store', () => {
    const [primary, second] = sealed.envelope.recipients;
    expect(inspect(sealed.body)).toMatchObject({
      sealed: true,
      format: 'sgo1',
      envelope: {
        keyId: primary.keyId,
        keyAlg: 'ECDH-ES+A256KW',
        keyVersion: 3,
        recipients: [{ keyId: primary.keyId }, { keyId: second?.keyId, keyAlg: 'RSA-OAEP-256' }],
        encryptionAlg: 'sgo1/floe-a256gcm-64k',
        envelopeId: Buffer.from(sealed.envelope.envelopeId).toString('base64url'),
        plaintextLength: 100_000,
        encryptedKey: sealed.envelope.text,
      },
    });
    expect(inspect(sealed.body, { contentLength: undefined }).sealed).toBe(true);
  });

  it('is refused for every other name before its body', () => {
    for (const other of [
      { tenant: 'acmf' },
      { bucket: 'vaulu' },
      { key: 'x' },
      { key: '' },
      { key: 'x'.repeat(2000) },
    ]) {
      const verdict = inspect(sealed.body, other);
      expect(verdict).toMatchObject({ sealed: false, early: true });
      expect(verdict.reason).toMatch(/not-for-this-object|invalid-argument/);
    }
  });

  it('is refused before its body when no sealed object has its length', () => {
    expect(inspect(sealed.body, { contentLength: 100 })).toMatchObject({ reason: 'length-mismatch', early: true });
  });

  it('is refused with the envelope of another object of the same name', async () => {
    const twin = await sealBytes(pattern(100_000), { recipients: [await key('P-256')] });
    expect(inspect(twin.body)).toMatchObject({ reason: 'envelope-mismatch', early: false });
  });

  it('is refused without its envelope, and with a broken one', () => {
    expect(inspect(sealed.body, { metadata: {} })).toMatchObject({ reason: 'envelope-missing', early: true });
    expect(inspect(sealed.body, { metadata: { [envelopeHeader]: 'AAAA' } })).toMatchObject({
      reason: 'malformed-envelope',
      early: true,
    });
    expect(inspect(sealed.body, { metadata: {} }, { allowedFormats: ['age-v1'] })).toMatchObject({
      format: 'sgo1',
      reason: 'envelope-missing',
      early: false,
    });
  });

  it('gives the refusal from push on', () => {
    const inspector = createObjectInspector({ ...names, metadata });
    expect(inspector.push(utf8('plain text'))).toMatchObject({ sealed: false, reason: 'not-sealed' });
    expect(inspector.finish().reason).toBe('not-sealed');
  });
});

describe('the recipients of a sealed object', () => {
  const kids = (): string[] => sealed.envelope.recipients.map(({ keyId }) => keyId);
  const known = (): Map<string, { keyAlg: 'RSA-OAEP-256' | 'ECDH-ES+A256KW'; modulusBytes?: number }> =>
    new Map([
      [kids()[0]!, { keyAlg: 'ECDH-ES+A256KW' }],
      [kids()[1]!, { keyAlg: 'RSA-OAEP-256', modulusBytes: 384 }],
    ]);

  it('must be in the keyring, with its algorithm and modulus', () => {
    expect(inspect(sealed.body, {}, { knownRecipients: known() }).sealed).toBe(true);
    expect(inspect(sealed.body, {}, { knownRecipients: new Map() }).reason).toBe('recipient-unknown');
    const otherAlg = known().set(kids()[0]!, { keyAlg: 'RSA-OAEP-256' });
    expect(inspect(sealed.body, {}, { knownRecipients: otherAlg }).reason).toBe('malformed-envelope');
    const otherModulus = known().set(kids()[1]!, { keyAlg: 'RSA-OAEP-256', modulusBytes: 512 });
    expect(inspect(sealed.body, {}, { knownRecipients: otherModulus }).reason).toBe('malformed-envelope');
  });

  it('must include the required ones', () => {
    expect(inspect(sealed.body, {}, { requiredRecipients: kids() }).sealed).toBe(true);
    expect(inspect(sealed.body, {}, { requiredRecipients: [...kids(), 'urn:x'] })).toMatchObject({
      reason: 'recipient-missing',
      early: true,
    });
  });

  it('have their keys wrapped as the policy allows', () => {
    const allowedKeyAlgorithms = ['RSA-OAEP-256', 'ECDH-ES+A256KW'];
    expect(inspect(sealed.body, {}, { allowedKeyAlgorithms }).sealed).toBe(true);
    const refused = inspect(sealed.body, {}, { allowedKeyAlgorithms: ['RSA-OAEP-256'] });
    expect(refused).toMatchObject({ reason: 'unsupported', early: true });
  });

  it('are of no use where the policy takes only other formats', () => {
    const refused = inspect(sealed.body, {}, { takesSealed: false, allowedFormats: ['age-v1'] });
    expect(refused).toMatchObject({ reason: 'format-not-allowed', early: true });
  });
});

describe('S3 Encryption Client objects', () => {
  const b64 = (bytes: number): string => Buffer.from(pattern(bytes)).toString('base64');
  const v3 = (): Record<string, string> => ({
    'x-amz-meta-x-amz-c': '115',
    'x-amz-meta-x-amz-i': b64(28),
    'x-amz-meta-x-amz-d': b64(28),
    'x-amz-meta-x-amz-w': '22',
    'x-amz-meta-x-amz-3': b64(384),
  });
  const v2 = (): Record<string, string> => ({
    'x-amz-meta-x-amz-key-v2': b64(256),
    'x-amz-meta-x-amz-iv': b64(12),
    'x-amz-meta-x-amz-wrap-alg': 'RSA-OAEP-SHA1',
    'x-amz-meta-x-amz-cek-alg': 'AES/GCM/NoPadding',
    'x-amz-meta-x-amz-tag-len': '128',
    'x-amz-meta-x-amz-matdesc': '{}',
  });
  const allowed: InspectionPolicy = { allowedFormats: ['s3ec-v2', 's3ec-v3'] };
  const noise = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length));

  it('pass when allowed', () => {
    expect(inspect(noise(5000), { metadata: v3() }, allowed)).toMatchObject({
      sealed: true,
      format: 's3ec-v3',
      envelope: { keyAlg: 's3ec:RSA-OAEP-SHA1', encryptionAlg: 's3ec-v3/115', plaintextLength: 4984 },
    });
    expect(inspect(noise(5000), { metadata: v2() }, allowed)).toMatchObject({ sealed: true, format: 's3ec-v2' });
    const kms = { ...v3(), 'x-amz-meta-x-amz-w': '12', 'x-amz-meta-x-amz-3': b64(184), 'x-amz-meta-x-amz-t': '{}' };
    expect(inspect(noise(16), { metadata: kms }, allowed)).toMatchObject({
      sealed: true,
      envelope: { plaintextLength: 0 },
    });
  });

  it('are refused by default, before the body', () => {
    expect(inspect(noise(5000), { metadata: v3() })).toMatchObject({
      format: 's3ec-v3',
      reason: 'format-not-allowed',
      early: true,
    });
  });

  it.each<[string, () => Record<string, string>, string]>([
    ['keys of versions 2 and 3', () => ({ ...v3(), ...v2() }), 'malformed-envelope'],
    ['keys of versions 1 and 2', () => ({ ...v2(), 'x-amz-meta-x-amz-key': 'AAAA' }), 'malformed-envelope'],
    ['version 1', () => ({ 'x-amz-meta-x-amz-key': 'AAAA', 'x-amz-meta-x-amz-iv': b64(16) }), 'format-not-allowed'],
    ['CBC', () => ({ ...v2(), 'x-amz-meta-x-amz-cek-alg': 'AES/CBC/PKCS5Padding' }), 'format-not-allowed'],
    ['unauthenticated CTR', () => ({ ...v2(), 'x-amz-meta-x-amz-cek-alg': 'AES/CTR/NoPadding' }), 'unsupported'],
    ['a short tag', () => ({ ...v2(), 'x-amz-meta-x-amz-tag-len': '96' }), 'malformed-envelope'],
    ['an IV of 16 bytes', () => ({ ...v2(), 'x-amz-meta-x-amz-iv': b64(16) }), 'malformed-envelope'],
    ['legacy kms', () => ({ ...v2(), 'x-amz-meta-x-amz-wrap-alg': 'kms' }), 'unsupported'],
    ['an RSA key of odd length', () => ({ ...v2(), 'x-amz-meta-x-amz-key-v2': b64(250) }), 'malformed-envelope'],
    [
      'a length that is none',
      () => ({ ...v2(), 'x-amz-meta-x-amz-unencrypted-content-length': '1e3' }),
      'malformed-envelope',
    ],
    ['another suite', () => ({ ...v3(), 'x-amz-meta-x-amz-c': '114' }), 'unsupported'],
    ['another wrap code', () => ({ ...v3(), 'x-amz-meta-x-amz-w': '99' }), 'unsupported'],
    ['an inherited wrap code', () => ({ ...v3(), 'x-amz-meta-x-amz-w': 'constructor' }), 'unsupported'],
    ['a commitment of 27 bytes', () => ({ ...v3(), 'x-amz-meta-x-amz-d': b64(27) }), 'malformed-envelope'],
    ['no message id', () => ({ ...v3(), 'x-amz-meta-x-amz-i': '' }), 'malformed-envelope'],
    ['a key that is no base64', () => ({ ...v3(), 'x-amz-meta-x-amz-3': '####' }), 'malformed-envelope'],
  ])('with %s are refused before the body', (_what, headers, reason) => {
    expect(inspect(noise(5000), { metadata: headers() }, allowed)).toMatchObject({
      sealed: false,
      reason,
      early: true,
    });
  });

  it('must have the length that they announce', () => {
    const announced = { ...v2(), 'x-amz-meta-x-amz-unencrypted-content-length': '4984' };
    expect(inspect(noise(5000), { metadata: announced }, allowed).sealed).toBe(true);
    expect(inspect(noise(5001), { metadata: announced }, allowed)).toMatchObject({
      reason: 'length-mismatch',
      early: true,
    });
    expect(inspect(noise(5001), { metadata: announced, contentLength: undefined }, allowed)).toMatchObject({
      reason: 'length-mismatch',
      early: false,
    });
    expect(inspect(noise(15), { metadata: v3() }, allowed).reason).toBe('length-mismatch');
  });

  it('are refused when the body is text, early when it is long', () => {
    expect(inspect(utf8('plain text '.repeat(500)), { metadata: v3() }, allowed).reason).toBe('looks-like-plaintext');
    const inspector = createObjectInspector({ ...names, metadata: v3() }, allowed);
    expect(inspector.push(utf8('x'.repeat(70_000)))).toMatchObject({ reason: 'looks-like-plaintext' });
  });
});

describe('other bodies', () => {
  const age = utf8(`age-encryption.org/v1\n-> X25519 abc\n${'x'.repeat(5000)}`);

  it('are recognised by their first bytes when a format is allowed', () => {
    expect(inspect(age, { metadata: {} }, { allowedFormats: ['age-v1'] })).toMatchObject({
      sealed: true,
      format: 'age-v1',
    });
    expect(inspect(age.slice(0, 40), { metadata: {} }, { allowedFormats: ['age-v1'] }).sealed).toBe(true);
  });

  it('are named when recognised but not allowed', () => {
    const verdict = inspect(age, { metadata: {} }, { allowedFormats: ['cms'] });
    expect(verdict).toMatchObject({ sealed: false, format: 'age-v1', reason: 'format-not-allowed' });
  });

  it('need nothing but a missing envelope to be refused when nothing is allowed', () => {
    const inspector = createObjectInspector({ ...names, metadata: {} });
    expect(inspector.refusal).toMatchObject({ reason: 'envelope-missing', format: 'none' });
    inspector.push(age);
    expect(inspector.finish()).toMatchObject({ format: 'age-v1', reason: 'format-not-allowed' });
  });

  it('that are instruction files pass only with their schema, size and name', () => {
    const policy: InspectionPolicy = { allowedFormats: ['s3ec-instruction-file'] };
    const request = { metadata: {}, key: 'a.instruction' };
    const good = utf8(JSON.stringify({ 'x-amz-3': 'AAAA', 'x-amz-w': '22' }));
    expect(inspect(good, request, policy)).toMatchObject({ sealed: true, format: 's3ec-instruction-file' });
    expect(inspect(utf8('{"note":"plain"}'), request, policy).reason).toBe('malformed-envelope');
    expect(inspect(new Uint8Array(65_537), request, policy)).toMatchObject({ reason: 'limit-exceeded', early: true });
    expect(inspect(new Uint8Array(65_537), { ...request, contentLength: undefined }, policy).reason).toBe(
      'limit-exceeded',
    );
    expect(inspect(good, { metadata: {}, key: 'a.json' }, policy).sealed).toBe(false);
  });
});

it('judges any request and body without a throw, and accepts none of them', () => {
  const headerName = fc.constantFrom(
    envelopeHeader,
    'x-amz-meta-x-amz-3',
    'x-amz-meta-x-amz-key-v2',
    'x-amz-meta-x-amz-c',
    'x-amz-meta-x-amz-cek-alg',
    'x-amz-meta-x-amz-key',
  );
  const policy: InspectionPolicy = {
    allowedFormats: ['s3ec-v2', 's3ec-v3', 'openpgp', 'cms', 's3ec-instruction-file'],
  };
  fc.assert(
    fc.property(
      fc.dictionary(headerName, fc.string()),
      fc.string(),
      fc.uint8Array({ maxLength: 300 }),
      (headers, name, body) => {
        const verdict = inspect(concat(body), { metadata: headers, key: name }, policy);
        return !verdict.sealed && (verdict.reason ?? '') in sealErrorCodes;
      },
    ),
    { numRuns: 500 },
  );
});
