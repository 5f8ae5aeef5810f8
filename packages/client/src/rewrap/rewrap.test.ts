import { parseEnvelope } from '@sealgate/sealed/inspect';
import { generateKeyPair, type KeyPair } from '@sealgate/sealed/keys';
import { openStream } from '@sealgate/sealed/open';
import { createSealer } from '@sealgate/sealed/seal';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKeyring, type Keyring } from '../keyring.ts';
import { rewrapObjects } from './rewrap.ts';
import type { ChangedEnvelope, EnvelopeStore, ListedEnvelope, NewEnvelope, RewrapOptions } from './types.ts';

const TENANT = 'acme';
let [old, fresh, recovery, stranger] = [] as unknown as [KeyPair, KeyPair, KeyPair, KeyPair];
beforeAll(async () => {
  const make = () => generateKeyPair('P-256');
  [old, fresh, recovery, stranger] = await Promise.all([make(), make(), make(), make()]);
});

async function seal(key: string, recipients: readonly KeyPair[], names: object = {}) {
  const sealer = await createSealer({
    names: { tenant: TENANT, bucket: 'vault', key, ...names },
    recipients,
    plaintextLength: 5,
  });
  const body = await new Response(sealer.seal([new TextEncoder().encode('hello')])).arrayBuffer();
  return { body: new Uint8Array(body), listed: listedOf(key, sealer.envelope.text) };
}

function listedOf(key: string, envelope: string, changes: Partial<ListedEnvelope> = {}): ListedEnvelope {
  const [primary] = parseEnvelope(envelope).recipients;
  return { key, versionId: 'null', keyId: primary.keyId, keyVersion: 1, envelope, locked: false, ...changes };
}

/** Pages of the given envelopes, and what was asked to be changed. */
function storeOf(
  pages: readonly (readonly ListedEnvelope[])[],
  answer: (change: NewEnvelope) => ChangedEnvelope = () => ({ outcome: 'changed' }),
) {
  const batches: (readonly NewEnvelope[])[] = [];
  const store: EnvelopeStore = {
    async *pages() {
      for (const page of pages) yield await Promise.resolve(page);
    },
    count: () => Promise.resolve(pages.flat().length),
    change(_bucket, changes) {
      batches.push(changes);
      return Promise.resolve(changes.map(answer));
    },
  };
  return { store, batches, changes: () => batches.flat() };
}

const rotate = (
  store: EnvelopeStore,
  options: Partial<RewrapOptions> = {},
  keys: Keyring = createKeyring({ recipients: [fresh, recovery], opening: [old, fresh] }),
) => rewrapObjects({ store, keys, tenant: TENANT }, { bucket: 'vault', prefix: '', ...options });

describe('rewrapping', () => {
  it('gives every body an envelope that the new keys open and the old one does not', async () => {
    const [a, b] = [await seal('a', [old]), await seal('b', [stranger, old])];
    const { store, changes } = storeOf([[a.listed], [b.listed]]);
    expect(await rotate(store)).toMatchObject({ changed: 2, damaged: 0, problems: [] });
    for (const [key, { body }] of [
      ['a', a],
      ['b', b],
    ] as const) {
      const change = changes().find((one) => one.key === key);
      if (change === undefined) throw new Error(`nothing for ${key}`);
      const names = { tenant: TENANT, bucket: 'vault', key };
      const open = async (keys: readonly KeyPair[]) => {
        const { plaintext } = await openStream([body], { envelope: change.envelope, keys, names });
        return new Response(plaintext).text();
      };
      expect([await open([fresh]), await open([recovery])]).toEqual(['hello', 'hello']);
      await expect(open([old])).rejects.toMatchObject({ code: 'wrong-key' });
      await expect(open([stranger])).rejects.toMatchObject({ code: 'wrong-key' });
    }
  });

  it('begins nothing more when a call has failed, and has ended what it began when it says so', async () => {
    const { listed } = await seal('a', [old]);
    const { store } = storeOf(Array.from({ length: 40 }, () => [listed]));
    let [calls, running] = [0, 0];
    const failing: EnvelopeStore = {
      ...store,
      async change(_bucket, changes) {
        calls += 1;
        running += 1;
        const isFirst = calls === 1;
        await Promise.resolve();
        running -= 1;
        if (isFirst) throw new Error('gone');
        return changes.map(() => ({ outcome: 'changed' }));
      },
    };
    await expect(rotate(failing)).rejects.toThrow('gone');
    const after = calls;
    expect(running).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(calls).toBe(after);
  });

  it('names what it expects, and the version of the new key', async () => {
    const { listed } = await seal('a', [old]);
    const { store, changes } = storeOf([[{ ...listed, keyVersion: 3, versionId: 'v7' }]]);
    const keys = {
      ...createKeyring({ recipients: [fresh], opening: [old] }),
      primaryVersion: () => Promise.resolve(4),
    };
    await rotate(store, {}, keys);
    const expected = { keyId: old.keyId, keyVersion: 3 };
    expect(changes()).toMatchObject([{ key: 'a', versionId: 'v7', expected, keyVersion: 4 }]);
  });

  it.each([
    ['another object', { key: 'other' }],
    ['another bucket', { bucket: 'else' }],
    ['another tenant', { tenant: 'else' }],
  ])('takes no envelope of %s', async (_what, names) => {
    const { listed } = await seal('a', [old], names);
    const { store, changes } = storeOf([[listed]]);
    const report = await rotate(store);
    expect(report).toMatchObject({ changed: 0, damaged: 1, problems: [{ key: 'a' }] });
    expect(changes()).toEqual([]);
  });

  it('takes no envelope that only says it is for a key, nor a broken one', async () => {
    const { listed } = await seal('a', [stranger]);
    const forged = listed.envelope.replaceAll(stranger.keyId, old.keyId);
    const [right, broken] = [await seal('b', [old]), await seal('c', [old])];
    const pages = [
      listedOf('a', forged),
      right.listed,
      { ...broken.listed, envelope: broken.listed.envelope.replace('A256KW', 'A128KW') },
    ];
    const { store, changes } = storeOf([pages]);
    expect(await rotate(store)).toMatchObject({ changed: 1, damaged: 2 });
    expect(changes().map(({ key }) => key)).toEqual(['b']);
  });

  it('leaves what is locked or for other keys, and counts it', async () => {
    const [locked, foreign] = [await seal('a', [old]), await seal('b', [stranger])];
    const { store, changes } = storeOf([[{ ...locked.listed, locked: true }, foreign.listed]]);
    expect(await rotate(store)).toMatchObject({ changed: 0, locked: 1, withoutKey: 1 });
    expect(changes()).toEqual([]);
  });

  it('counts what became of each change', async () => {
    const keys = ['changed', 'gone', 'conflict', 'locked', 'refused'] as const;
    const page = await Promise.all(keys.map(async (key) => (await seal(key, [old])).listed));
    const { store } = storeOf([page], ({ key }) => ({
      outcome: key as (typeof keys)[number],
      reason: 'recipient-missing',
    }));
    const report = await rotate(store);
    expect(report).toMatchObject({ changed: 1, overtaken: 2, locked: 1, refused: 1 });
    expect(report.problems.map(({ key }) => key)).toEqual(['gone', 'conflict', 'refused']);
  });

  it('changes nothing and opens nothing in a dry run', async () => {
    const { listed } = await seal('a', [old]);
    const { store, changes } = storeOf([[listed]]);
    expect(await rotate(store, { dryRun: true })).toMatchObject({ changed: 1 });
    expect(changes()).toEqual([]);
  });

  it('sends requests of a bounded size, and tells how far it is', async () => {
    const many = await Promise.all(Array.from({ length: 12 }, () => generateKeyPair('RSA-3072')));
    const pages = await Promise.all(
      ['x', 'y'].map((name) =>
        Promise.all(Array.from({ length: 60 }, async (_, at) => (await seal(`${name}${at}`, [old])).listed)),
      ),
    );
    const { store, batches } = storeOf(pages);
    const done: number[] = [];
    const keys = createKeyring({ recipients: many, opening: [old] });
    expect(await rotate(store, { onProgress: (count) => done.push(count) }, keys)).toMatchObject({ changed: 120 });
    expect(batches.length).toBeGreaterThan(2);
    for (const batch of batches) expect(JSON.stringify(batch).length).toBeLessThan(600 * 1024);
    expect(done).toEqual([60, 120]);
  });

  it('unlocks each set of recipients once', async () => {
    const page = await Promise.all(['a', 'b', 'c'].map(async (key) => (await seal(key, [old])).listed));
    const asked: (readonly string[])[] = [];
    const inner = createKeyring({ recipients: [fresh], opening: [old] });
    const keys: Keyring = { ...inner, unlock: (keyIds) => (asked.push(keyIds), inner.unlock(keyIds)) };
    await rotate(storeOf([page]).store, {}, keys);
    expect(asked).toEqual([[old.keyId]]);
  });

  it('stops when it is told to', async () => {
    const { listed } = await seal('a', [old]);
    const { store, changes } = storeOf([[listed]]);
    const signal = AbortSignal.abort(new Error('Stopped.'));
    await expect(rotate(store, { signal })).rejects.toThrow('Stopped.');
    expect(changes()).toEqual([]);
  });
});
