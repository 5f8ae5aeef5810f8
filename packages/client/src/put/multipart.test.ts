import { generateKeyPair, type KeyPair } from '@sealgate/sealed/keys';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createKeyring } from '../keyring.ts';
import { collect, type Fixture, pattern, startFixture } from '../testing/node/fixture.ts';
import { parseUploadState, type UploadedPart, type UploadJournal, type UploadState } from './upload-state.ts';

/** 17 MiB are sealed and hashed many times: seconds on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

const MIB = 1024 * 1024;
const PART = 8 * MIB;
const SEGMENT = 65_536;
const name = { bucket: 'vault', key: 'big.bin' };
const denied = { status: 403, xml: '<Error><Code>AccessDenied</Code><Message>No.</Message></Error>' };
/** 2 full parts and a rest. */
const plaintext = pattern(17 * MIB);

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.fake.close());
beforeEach(() => {
  fixture.fake.objects.clear();
  fixture.fake.uploads.clear();
  fixture.fake.seen.length = 0;
  fixture.fake.interfere = () => undefined;
});

const partNumberOf = (query: URLSearchParams): number => Number(query.get('partNumber') ?? 0);
/** Comparing 33 MiB element by element would take the matcher seconds. */
async function expectReadBack(): Promise<void> {
  const opened = await fixture.client.getSealed(name);
  expect((await collect(opened.body)).equals(plaintext)).toBe(true);
}
/** Each once: a request that was cut off may still arrive. */
const sentParts = (): number[] => [
  ...new Set(fixture.fake.seen.map(({ query }) => partNumberOf(query)).filter((number) => number > 0)),
];

/** A journal that goes through JSON, as a file does. */
interface MemoryJournal extends UploadJournal {
  state(): UploadState;
  stored(): number;
}

function memoryJournal(): MemoryJournal {
  let begun: UploadState | undefined;
  let parts: UploadedPart[] = [];
  return {
    started(state) {
      begun = state;
      parts = [...state.parts];
    },
    partStored: (part) => void parts.push(part),
    stored: () => parts.length,
    state: () => parseUploadState(JSON.parse(JSON.stringify({ ...begun, parts }))),
  };
}

/** Refuses all parts after `last`, once the parts up to it are in the journal. */
function breakAfter(last: number, journal: MemoryJournal): void {
  fixture.fake.interfere = async ({ query }) => {
    if (partNumberOf(query) <= last) return undefined;
    while (journal.stored() < last) await new Promise(setImmediate);
    return denied;
  };
}

describe('large uploads', () => {
  it('go in equal parts that end at segments, with the envelope at their creation', async () => {
    const progress: number[] = [];
    const put = await fixture.client.putSealed(name, plaintext, {
      onProgress: ({ doneBytes }) => progress.push(doneBytes),
    });
    expect(put).toMatchObject({ etag: 'multi-3', redundancyClass: 'StandardClass' });
    const sizes = fixture.fake.seen.filter(({ query }) => partNumberOf(query) > 0).map(({ body }) => body.length);
    expect(sizes.filter((size) => size === PART)).toHaveLength(2);
    const object = fixture.fake.objects.get('/vault/big.bin')!;
    expect(Object.keys(object.headers)).toContain('x-amz-meta-sealgate-envelope');
    // The very markers that a gateway checks part by part.
    expect(object.body.readUInt32BE(128 + 2 * SEGMENT)).toBe(0xffffffff);
    expect(progress.at(-1)).toBe(object.body.length);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    await expectReadBack();
  });

  it('work for streams of unknown length', async () => {
    const stream = new Blob([plaintext]).stream();
    expect((await fixture.client.putSealed(name, { stream })).plaintextBytes).toBeUndefined();
    await expectReadBack();
  });

  it('repeat a failed part with the very same bytes', async () => {
    let failures = 2;
    fixture.fake.interfere = ({ query }) => {
      if (partNumberOf(query) !== 2 || failures-- <= 0) return undefined;
      return failures === 1 ? { cut: 'before' } : { status: 503 };
    };
    await fixture.client.putSealed(name, plaintext);
    const attempts = fixture.fake.seen.filter(({ query }) => partNumberOf(query) === 2);
    expect(attempts.length).toBeGreaterThanOrEqual(3);
    expect(attempts.every(({ body }) => body.equals(attempts[0]!.body))).toBe(true);
    await expectReadBack();
  });

  it('remove their parts when they fail and nobody keeps a journal', async () => {
    fixture.fake.interfere = ({ query }) => (partNumberOf(query) === 3 ? denied : undefined);
    await expect(fixture.client.putSealed(name, plaintext)).rejects.toMatchObject({ code: 'AccessDenied' });
    expect(fixture.fake.uploads.size).toBe(0);
    expect(fixture.fake.objects.size).toBe(0);
  });

  it('fail when the source is shorter than announced', async () => {
    const stream = new Blob([plaintext.subarray(1)]).stream();
    const put = fixture.client.putSealed(name, { stream, bytes: plaintext.length });
    await expect(put).rejects.toMatchObject({ code: 'length-mismatch' });
    expect(fixture.fake.uploads.size).toBe(0);
  });

  it('report an error that comes in a successful answer', async () => {
    fixture.fake.interfere = ({ method, query }) =>
      method === 'POST' && query.has('uploadId')
        ? { status: 200, xml: '\n<Error><Code>InvalidPart</Code><Message>Gone.</Message></Error>' }
        : undefined;
    await expect(fixture.client.putSealed(name, plaintext)).rejects.toMatchObject({ code: 'InvalidPart' });
  });
});

describe('interrupted uploads', () => {
  const interrupt = async (last: number): Promise<UploadState> => {
    const journal = memoryJournal();
    breakAfter(last, journal);
    await expect(fixture.client.putSealed(name, plaintext, { journal })).rejects.toMatchObject({
      code: 'AccessDenied',
    });
    fixture.fake.interfere = () => undefined;
    fixture.fake.seen.length = 0;
    return journal.state();
  };

  it.each([0, 1, 2])('go on after %d parts', async (last) => {
    const state = await interrupt(last);
    expect(state.parts).toHaveLength(last);
    expect(fixture.fake.uploads.size).toBe(1);
    const put = await fixture.client.putSealed(name, plaintext, { resume: state });
    expect(put).toMatchObject({ etag: 'multi-3', plaintextBytes: plaintext.length, keyIds: [fixture.key.keyId] });
    expect(sentParts().toSorted()).toEqual([1, 2, 3].filter((part) => part > last));
    await expectReadBack();
  });

  it('go on twice, the journal of the first continuation in hand', async () => {
    const first = await interrupt(1);
    const journal = memoryJournal();
    breakAfter(2, journal);
    const again = fixture.client.putSealed(name, plaintext, { resume: first, journal });
    await expect(again).rejects.toMatchObject({ code: 'AccessDenied' });
    fixture.fake.interfere = () => undefined;
    const second = journal.state();
    expect(second.parts).toHaveLength(2);
    expect(second.parts.slice(0, 1)).toEqual(first.parts);
    await fixture.client.putSealed(name, plaintext, { resume: second });
    await expectReadBack();
  });

  it('send again what the server no longer has as it was', async () => {
    const state = await interrupt(2);
    [...fixture.fake.uploads.values()][0]!.parts.set(2, Buffer.from('something else'));
    await fixture.client.putSealed(name, plaintext, { resume: state });
    expect(sentParts().toSorted()).toEqual([2, 3]);
    await expectReadBack();
  });

  it('go on under the keys that objects are sealed to now, and no others', async () => {
    const state = await interrupt(2);
    const other = await generateKeyPair('P-256');
    const resumed = (recipients: readonly KeyPair[]) =>
      fixture
        .clientWith({ keys: createKeyring({ recipients, opening: [fixture.key, other] }) })
        .putSealed(name, plaintext, { resume: state });
    for (const recipients of [[other], [fixture.key, other]]) {
      await expect(resumed(recipients)).rejects.toMatchObject({
        code: 'NoSuchUpload',
        detail: { reason: 'recipients' },
      });
    }
    expect(sentParts()).toEqual([]);
    await resumed([fixture.key]);
    await expectReadBack();
  });

  it('go on only when the object is to be stored as it was to be when they began', async () => {
    const state = await interrupt(2);
    const { settings: _, ...older } = state;
    for (const [resume, options] of [
      [state, { redundancyClass: 'ColdArchiveClass' }],
      [state, { contentType: 'text/plain' }],
      [state, { metadata: { owner: 'ada' } }],
      [older, {}],
    ] as const) {
      await expect(fixture.client.putSealed(name, plaintext, { ...options, resume })).rejects.toMatchObject({
        code: 'NoSuchUpload',
        detail: { reason: 'settings' },
      });
    }
    expect(sentParts()).toEqual([]);
    await fixture.client.putSealed(name, plaintext, { contentType: 'application/octet-stream', resume: state });
    await expectReadBack();
  });

  it('hold no secret in their state', async () => {
    const state = await interrupt(2);
    const envelope = JSON.parse(state.envelope) as object;
    expect(Object.keys(envelope).toSorted()).toEqual(['ciphertext', 'iv', 'protected', 'recipients', 'tag']);
    expect(Object.keys(state).toSorted()).toEqual(
      [
        'bucket',
        'envelope',
        'header',
        'key',
        'partBytes',
        'parts',
        'settings',
        'tenant',
        'uploadId',
        'version',
      ].toSorted(),
    );
  });

  it('refuse another source, another name and an upload that is gone', async () => {
    const state = await interrupt(2);
    const resume = (source: Uint8Array, to = name) => fixture.client.putSealed(to, source, { resume: state });
    await expect(resume(plaintext.subarray(1))).rejects.toMatchObject({ code: 'Conflict' });
    await expect(resume(plaintext, { ...name, key: 'x' })).rejects.toMatchObject({ code: 'Conflict' });
    fixture.fake.uploads.clear();
    await expect(resume(plaintext)).rejects.toMatchObject({ code: 'NoSuchUpload' });
  });
});

describe('parseUploadState', () => {
  it.each([null, 1, 'x', {}, [], { version: 1 }])('refuses %j', (value) => {
    expect(() => parseUploadState(value)).toThrow(/cannot be read/);
  });
});
