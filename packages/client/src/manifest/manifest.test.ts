import { parseManifest } from '@sealgate/sealed/inspect';
import { generateSignKey } from '@sealgate/sealed/keys';
import { leavesOf, rootOf } from '@sealgate/sealed/manifest';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseUploadState, type UploadedPart, type UploadJournal, type UploadState } from '../put/upload-state.ts';
import { collect, type Fixture, pattern, startFixture } from '../testing/node/fixture.ts';
import type { ManifestPolicy, SeenVersion, SignKey, TrustedWriters, Writers } from './writers.ts';

/** 17 MiB are sealed and hashed several times: seconds on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

const MIB = 1024 * 1024;
const MANIFEST = 'x-amz-meta-sealgate-manifest';
const name = { bucket: 'vault', key: 'report' };
const path = '/vault/report';
const NOW = 1_795_000_000_000;

let fixture: Fixture;
let ada: SignKey;
beforeAll(async () => {
  fixture = await startFixture();
  ada = await generateSignKey('Ed25519');
});
afterAll(() => fixture.fake.close());
beforeEach(() => {
  fixture.fake.objects.clear();
  fixture.fake.uploads.clear();
  fixture.fake.seen.length = 0;
  fixture.fake.interfere = () => undefined;
});

interface Memory extends Writers {
  readonly seen: Map<string, SeenVersion>;
}

function writers(
  change: {
    readonly signs?: SignKey;
    readonly trusts?: readonly SignKey[];
    readonly revoked?: TrustedWriters['revoked'];
    readonly policy?: ManifestPolicy;
  } = {},
): Memory {
  const seen = new Map<string, SeenVersion>();
  return {
    seen,
    signKey: () => Promise.resolve(change.signs),
    trusted: () => Promise.resolve({ keys: change.trusts ?? [], revoked: change.revoked ?? new Map() }),
    policyOf: () => Promise.resolve(change.policy ?? 'when-present'),
    highestSeen: (context) => Promise.resolve(seen.get(context)),
    remember(context, version) {
      if ((seen.get(context)?.seq ?? 0) < version.seq) seen.set(context, version);
      return Promise.resolve();
    },
  };
}

const clientOf = (who: Writers, now = NOW) => fixture.clientWith({ writers: who, now: () => now });
const stored = () => fixture.fake.objects.get(path)!;
const manifestThere = () => parseManifest(stored().headers[MANIFEST] ?? '');

describe('what is put', () => {
  it('is signed with the root of the very body that is stored, whole or in parts', async () => {
    const client = clientOf(writers({ signs: ada, trusts: [ada] }));
    for (const bytes of [0, 100_000, 17 * MIB]) {
      const put = await client.putSealed(name, pattern(bytes));
      expect(put.signedBy).toBe(ada.keyId);
      const { body } = stored();
      const root = rootOf(await leavesOf(new Uint8Array(body)));
      expect(manifestThere()).toMatchObject({ root, bodyLength: body.length, plaintextLength: bytes });
      expect((await collect((await client.getSealed(name)).body)).length).toBe(bytes);
    }
    const parts = fixture.fake.seen.filter(({ query }) => query.has('partNumber'));
    expect(new Set(parts.map(({ headers }) => headers['x-sealgate-manifest']))).toEqual(new Set(['leaves']));
  });

  it('is not signed without a key', async () => {
    expect((await clientOf(writers()).putSealed(name, pattern(10))).signedBy).toBeUndefined();
    expect(stored().headers[MANIFEST]).toBeUndefined();
  });

  it('follows what was seen and what is there, and never goes below the clock', async () => {
    const first = writers({ signs: ada, trusts: [ada] });
    await clientOf(first).putSealed(name, pattern(1));
    expect(manifestThere()).toMatchObject({ seq: NOW, previous: null });
    // A clock that stands still, or was set back.
    await clientOf(first, NOW - 5000).putSealed(name, pattern(1));
    expect(manifestThere().seq).toBe(NOW + 1);
    // Another machine of the same writer, which remembers nothing.
    await clientOf(writers({ signs: ada, trusts: [ada] }), NOW - 9000).putSealed(name, pattern(1));
    expect(manifestThere().seq).toBe(NOW + 2);
    // Somebody deleted it: who begins anew begins above what others remember.
    fixture.fake.objects.clear();
    await clientOf(writers({ signs: ada, trusts: [ada] }), NOW + 60_000).putSealed(name, pattern(1));
    expect(manifestThere()).toMatchObject({ seq: NOW + 60_000, previous: null });
  });

  it('takes no number from a manifest that nobody trusted signed', async () => {
    const eve = await generateSignKey('Ed25519');
    await clientOf(writers({ signs: eve }), NOW + 1e9).putSealed(name, pattern(1));
    await clientOf(writers({ signs: ada, trusts: [ada] })).putSealed(name, pattern(1));
    expect(manifestThere()).toMatchObject({ seq: NOW, previous: null });
  });
});

describe('an upload that was interrupted', () => {
  const source = pattern(17 * MIB);

  async function interrupted(who: Writers): Promise<UploadState> {
    let begun: UploadState | undefined;
    const parts: UploadedPart[] = [];
    const journal: UploadJournal = {
      started: (state) => void (begun = state),
      partStored: (part) => void parts.push(part),
    };
    fixture.fake.interfere = async ({ query }) => {
      if (Number(query.get('partNumber') ?? 0) <= 1) return undefined;
      while (parts.length < 1) await new Promise(setImmediate);
      return { status: 403, xml: '<Error><Code>AccessDenied</Code><Message>No.</Message></Error>' };
    };
    await expect(clientOf(who).putSealed(name, source, { journal })).rejects.toMatchObject({ code: 'AccessDenied' });
    fixture.fake.interfere = () => undefined;
    fixture.fake.seen.length = 0;
    return parseUploadState(JSON.parse(JSON.stringify({ ...begun, parts })));
  }

  const sent = () =>
    [...new Set(fixture.fake.seen.map(({ query }) => Number(query.get('partNumber') ?? 0)))]
      .filter((n) => n > 0)
      .toSorted();

  it('is signed as a whole when it was to be signed from the start', async () => {
    const who = writers({ signs: ada, trusts: [ada] });
    const resume = await interrupted(who);
    await clientOf(who).putSealed(name, source, { resume });
    expect(sent()).toEqual([2, 3]);
    expect(manifestThere().root).toEqual(rootOf(await leavesOf(new Uint8Array(stored().body))));
    expect((await collect((await clientOf(who).getSealed(name)).body)).equals(source)).toBe(true);
  });

  it('is sent anew when there was no key to sign with at first', async () => {
    const resume = await interrupted(writers());
    const who = writers({ signs: ada, trusts: [ada] });
    await clientOf(who).putSealed(name, source, { resume });
    expect(sent()).toEqual([1, 2, 3]);
    expect((await collect((await clientOf(who).getSealed(name)).body)).equals(source)).toBe(true);
  });
});

describe('what is read', () => {
  it('by somebody who trusts nobody is not judged, unless that is asked for', async () => {
    await clientOf(writers({ signs: ada })).putSealed(name, pattern(10));
    expect((await clientOf(writers()).getSealed(name)).manifest).toBeUndefined();
    const strict = clientOf(writers({ policy: 'required' }));
    await expect(strict.getSealed(name)).rejects.toMatchObject({ code: 'untrusted-writer' });
  });

  it('without a manifest is refused where one is required, or was seen', async () => {
    const reader = writers({ trusts: [ada] });
    await clientOf(writers()).putSealed(name, pattern(10));
    await clientOf(reader).getSealed(name);
    const strict = clientOf(writers({ trusts: [ada], policy: 'required' }));
    await expect(strict.getSealed(name)).rejects.toMatchObject({ code: 'manifest-missing' });
    await clientOf(writers({ signs: ada })).putSealed(name, pattern(10));
    await clientOf(reader).getSealed(name);
    Reflect.deleteProperty(stored().headers, MANIFEST);
    await expect(clientOf(reader).getSealed(name)).rejects.toMatchObject({ code: 'manifest-missing' });
    await expect(clientOf(reader).getSealed(name, { range: { first: 0, last: 5 } })).rejects.toMatchObject({
      code: 'manifest-missing',
    });
  });

  it('that is genuine and not what was signed never comes to its end', async () => {
    const client = clientOf(writers({ signs: ada, trusts: [ada] }));
    await client.putSealed(name, pattern(200_000));
    // A recipient has the data key and could seal other segments under the same header; here one bit stands for that.
    const manifest = stored().headers[MANIFEST] ?? '';
    const { body } = stored();
    body[body.length - 1] = (body[body.length - 1] ?? 0) ^ 1;
    expect(stored().headers[MANIFEST]).toBe(manifest);
    const opened = await client.getSealed(name);
    await expect(collect(opened.body)).rejects.toMatchObject({ code: 'manifest-mismatch' });
  });

  it('is remembered; an older version is taken only knowingly', async () => {
    const who = writers({ signs: ada, trusts: [ada] });
    const client = clientOf(who);
    await client.putSealed(name, pattern(10));
    const old = { ...stored() };
    await client.putSealed(name, pattern(20));
    fixture.fake.objects.set(path, old);
    await expect(client.getSealed(name)).rejects.toMatchObject({ code: 'rolled-back' });
    expect((await collect((await client.getSealed(name, { allowOlder: true })).body)).length).toBe(10);
    await expect(client.getSealed(name)).rejects.toMatchObject({ code: 'rolled-back' });
  });
});

describe('what a revoked writer signed', () => {
  const SIGNED_AT = Math.floor(NOW / 1000);
  const revoking = (revokedAt: number, chosen = false): TrustedWriters['revoked'] =>
    new Map([[ada.keyId, { key: ada, revokedAt, chosen }]]);
  /** The same reader, who heard of the revocation. */
  const later = (reader: Memory, revoked: TrustedWriters['revoked']): Memory => ({
    ...writers({ revoked }),
    highestSeen: (context) => reader.highestSeen(context),
  });
  const code = (reader: Memory) =>
    clientOf(reader)
      .getSealed(name)
      .then(
        async ({ body }) => (await collect(body)).length,
        (error: unknown) => (error as { code?: string }).code,
      );
  beforeEach(() => clientOf(writers({ signs: ada })).putSealed(name, pattern(10)));

  it('after the revocation is refused, whoever trusts the key, and was it seen before', async () => {
    expect(await code(writers({ revoked: revoking(SIGNED_AT, true) }))).toBe('revoked-writer');
    const reader = writers({ trusts: [ada] });
    expect(await code(reader)).toBe(10);
    expect(await code(later(reader, revoking(SIGNED_AT - 1, true)))).toBe('revoked-writer');
  });

  it('before it, by its own word alone, is refused: a thief of the key says the same', async () => {
    expect(await code(writers({ revoked: revoking(SIGNED_AT + 1) }))).toBe('revoked-writer');
    expect(await code(writers({ revoked: revoking(SIGNED_AT + 1), trusts: [await generateSignKey('ES256')] }))).toBe(
      'revoked-writer',
    );
  });

  it('before it is taken by who took it then, and by who decides to trust the key', async () => {
    const reader = writers({ trusts: [ada] });
    expect(await code(reader)).toBe(10);
    expect(await code(later(reader, revoking(SIGNED_AT + 1)))).toBe(10);
    expect(await code(writers({ revoked: revoking(SIGNED_AT + 1, true) }))).toBe(10);
    // What was remembered is that very manifest, and no other of the same key.
    await clientOf(writers({ signs: ada }), NOW - 5000).putSealed(name, pattern(20));
    expect(await code(later(reader, revoking(SIGNED_AT + 1)))).toBe('revoked-writer');
  });

  it('needs a good signature all the same', async () => {
    const { headers } = stored();
    headers[MANIFEST] = (headers[MANIFEST] ?? '').replace(/[^.]+$/, 'A'.repeat(86));
    expect(await code(writers({ revoked: revoking(SIGNED_AT + 1, true) }))).toBe('bad-signature');
  });
});

it('nobody is asked whom to trust about what nobody signed', async () => {
  await clientOf(writers()).putSealed(name, pattern(10));
  const offline: Writers = { ...writers(), trusted: () => Promise.reject(new Error('asked')) };
  expect((await collect((await clientOf(offline as Memory).getSealed(name)).body)).length).toBe(10);
});
