import { execFile, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  COMMITMENT_BYTES,
  type DocumentPurpose,
  documentRecipient,
  PREAMBLE_BYTES,
  sealDocument,
  sealedDocument,
} from '@sealgate/engine/documents';
import { exportPublicKey, generateKeyPair, importPrivateKey, type KeyPair } from '@sealgate/sealed/keys';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { DocumentError, type FindKey, openDocument } from './open-document.ts';

const purpose = 'recovery-manifest';
const SEGMENT_PLAIN = 65_520;
let owner: KeyPair;
let stranger: KeyPair;

beforeAll(async () => {
  [owner, stranger] = await Promise.all([keyPair('P-256'), keyPair('P-256')]);
});

const keyPair = (kind: 'P-256' | 'X25519' | 'RSA-3072'): Promise<KeyPair> =>
  generateKeyPair(kind, { extractable: true });

async function seal(content: Uint8Array, recipients: readonly KeyPair[] = [owner]): Promise<Buffer> {
  const keys = await Promise.all(recipients.map(async (pair) => documentRecipient(await exportPublicKey(pair))));
  return sealedDocument(content, { purpose, recipients: keys, random: randomBytes });
}

interface Opening {
  readonly keys?: readonly Pick<KeyPair, 'keyId' | 'keyAlg' | 'kind' | 'privateKey'>[];
  readonly purpose?: DocumentPurpose;
  readonly pieceBytes?: number;
}

async function open(document: Uint8Array, opening: Opening = {}): Promise<Buffer> {
  const keys = opening.keys ?? [owner];
  const findKey: FindKey = (keyId) => Promise.resolve(keys.find((key) => key.keyId === keyId));
  const pieces: Buffer[] = [];
  const step = opening.pieceBytes ?? 7919;
  async function* stored() {
    for (let at = 0; at < document.length; at += step) yield document.subarray(at, at + step);
  }
  for await (const piece of openDocument(stored(), { purpose: opening.purpose ?? purpose, findKey }))
    pieces.push(piece);
  return Buffer.concat(pieces);
}

const problem = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'opened',
    (error: unknown) => (error instanceof DocumentError ? error.problem : String(error)),
  );

describe('a sealed document', () => {
  it.each([0, 1, SEGMENT_PLAIN - 1, SEGMENT_PLAIN, SEGMENT_PLAIN + 1, 3 * SEGMENT_PLAIN, 200_000])(
    'gives back its %i bytes',
    async (bytes) => {
      const content = randomBytes(bytes);
      expect((await open(await seal(content))).equals(content)).toBe(true);
    },
  );

  it('gives back any content, however the stream was cut on either side', async () => {
    const recipients = [await documentRecipient(await exportPublicKey(owner))];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 200_000 }),
        async (lengths, pieceBytes) => {
          const pieces = lengths.map((length) => randomBytes(length));
          const sealed: Buffer[] = [];
          for await (const piece of sealDocument(pieces, { purpose, recipients, random: randomBytes }))
            sealed.push(piece);
          const opened = await open(Buffer.concat(sealed), { pieceBytes });
          expect(opened.equals(Buffer.concat(pieces))).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  it.each(['P-256', 'X25519', 'RSA-3072'] as const)('opens for a recipient with a key of kind %s', async (kind) => {
    const recipient = await keyPair(kind);
    const content = randomBytes(100);
    expect((await open(await seal(content, [recipient]), { keys: [recipient] })).equals(content)).toBe(true);
    const several = await seal(content, [owner, recipient]);
    for (const key of [owner, recipient]) expect((await open(several, { keys: [key] })).equals(content)).toBe(true);
  });

  it('opens for nobody else, and for no other purpose', async () => {
    const document = await seal(randomBytes(10));
    expect(await problem(open(document, { keys: [stranger] }))).toBe('not-for-these-keys');
    const posing = { ...stranger, keyId: owner.keyId };
    expect(await problem(open(document, { keys: [posing] }))).toBe('damaged');
    expect(await problem(open(document, { purpose: 'metadata-backup' }))).toBe('damaged');
  });

  it('is refused when any byte of it was changed', async () => {
    const document = await seal(randomBytes(300));
    const bodyStart = PREAMBLE_BYTES + document.readUInt32BE(12);
    // All of what is not the envelope's JSON, and every tenth byte of that: a changed one breaks its JSON, base64 or tags.
    const places = [...document.keys()].filter((at) => at < PREAMBLE_BYTES || at >= bodyStart || at % 10 === 0);
    for (const at of places) {
      const changed = Buffer.from(document);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(await problem(open(changed)), `byte ${at}`).not.toBe('opened');
    }
  });

  it('is refused when it was cut, lengthened, or its segments were exchanged', async () => {
    const document = await seal(randomBytes(3 * SEGMENT_PLAIN));
    const start = PREAMBLE_BYTES + document.readUInt32BE(12) + COMMITMENT_BYTES;
    const segment = (index: number) => document.subarray(start + index * 65_536, start + (index + 1) * 65_536);
    const head = document.subarray(0, start);
    const wrong: Record<string, Buffer> = {
      nothing: Buffer.alloc(0),
      'the head alone': head,
      'two of three segments': Buffer.concat([head, segment(0), segment(1)]),
      'one byte less': document.subarray(0, -1),
      'one byte more': Buffer.concat([document, Buffer.of(0)]),
      'the last one twice': Buffer.concat([document, segment(2)]),
      'another order': Buffer.concat([head, segment(1), segment(0), segment(2)]),
      'the end of another document': Buffer.concat([
        head,
        segment(0),
        segment(1),
        (await seal(randomBytes(10))).subarray(start),
      ]),
    };
    for (const [what, changed] of Object.entries(wrong)) {
      expect(await problem(open(changed)), what).toBe('damaged');
    }
  });

  it('that failed while it was made is opened by nobody', async () => {
    const recipients = [await documentRecipient(await exportPublicKey(owner))];
    const sealed: Buffer[] = [];
    async function* failing() {
      yield randomBytes(SEGMENT_PLAIN + 1);
      await Promise.reject(new Error('the source broke'));
    }
    const sealing = async (): Promise<void> => {
      const options = { purpose, recipients, random: randomBytes } as const;
      for await (const piece of sealDocument(failing(), options)) sealed.push(piece);
    };
    await expect(sealing()).rejects.toThrow('the source broke');
    expect(await problem(open(Buffer.concat(sealed)))).toBe('damaged');
  });
});

describe('recipients of documents', () => {
  it.each<[string, unknown]>([
    ['text that is no JSON', '{'],
    ['no key', {}],
    ['a secret key', { kty: 'oct', k: 'AA' }],
    ['a key for signatures', { kty: 'OKP', crv: 'Ed25519', x: 'AA' }],
    ['a short RSA key', { kty: 'RSA', n: 'AQAB', e: 'AQAB' }],
    ['a point that is on no curve', { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }],
  ])('refuse %s', async (_what, jwk) => {
    await expect(documentRecipient(jwk)).rejects.toMatchObject({ code: 'ValidationFailed' });
  });

  it('refuse a private key, so that none is kept by accident', async () => {
    const jwk = await crypto.subtle.exportKey('jwk', owner.privateKey);
    await expect(documentRecipient(jwk)).rejects.toThrow(/private/);
  });

  it('have the key id that the owner of the key computes', async () => {
    for (const kind of ['P-256', 'X25519', 'RSA-3072'] as const) {
      const pair = await keyPair(kind);
      expect((await documentRecipient(await exportPublicKey(pair))).keyId).toBe(pair.keyId);
    }
  });
});

const missing =
  spawnSync('python3', ['-c', 'import cryptography']).status === 0 ? '' : ' (missing: python3 with cryptography)';

describe('frozen documents', async () => {
  interface Vectors {
    readonly keys: readonly Record<string, string>[];
    readonly documents: readonly {
      readonly name: string;
      readonly bytes: number;
      readonly sha256: string;
      readonly document: string;
    }[];
  }
  const path = new URL('../../../../packages/engine/vectors/documents/sgd1.json', import.meta.url);
  const vectors = JSON.parse(await readFile(path, 'utf8')) as Vectors;

  it.each(vectors.documents)('$name opens with $bytes bytes', async ({ bytes, sha256, document }) => {
    const keys = await Promise.all(vectors.keys.map((jwk) => importPrivateKey(jwk)));
    const content = await open(Buffer.from(document, 'base64'), { keys: keys as unknown as KeyPair[] });
    expect(content.length).toBe(bytes);
    expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
  });

  describe.skipIf(missing !== '')(`open_document.py${missing}`, () => {
    const script = new URL('../../../../packages/sealed/python/open_document.py', import.meta.url).pathname;

    async function python(jwk: Record<string, string>, document: Buffer): Promise<Buffer | number> {
      const folder = await mkdtemp(join(tmpdir(), 'sealgate-document-'));
      try {
        const at = (name: string): string => join(folder, name);
        await writeFile(at('key'), JSON.stringify(jwk));
        await writeFile(at('document'), document);
        const args = [script, '--key', at('key'), '--purpose', purpose, at('document'), at('content')];
        const status = await new Promise<number>((resolve) => {
          execFile('python3', args, (error) => resolve(error === null ? 0 : Number(error.code)));
        });
        expect(existsSync(at('content'))).toBe(status === 0);
        return status === 0 ? await readFile(at('content')) : status;
      } finally {
        await rm(folder, { recursive: true });
      }
    }

    it('opens them, and refuses what was changed', async () => {
      const [p256, x25519, rsa] = vectors.keys;
      const keyOf = (name: string) => (name.includes('X25519') ? x25519 : name.includes('RSA') ? rsa : p256);
      for (const { name, bytes, sha256, document } of vectors.documents) {
        const stored = Buffer.from(document, 'base64');
        const content = await python(keyOf(name)!, stored);
        expect(content, name).toHaveLength(bytes);
        expect(
          createHash('sha256')
            .update(content as Buffer)
            .digest('hex'),
        ).toBe(sha256);
        stored.writeUInt8(stored.readUInt8(stored.length - 1) ^ 1, stored.length - 1);
        expect(await python(keyOf(name)!, stored), name).toBe(4);
      }
    });
  });
});
