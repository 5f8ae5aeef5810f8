import { ALL_PLACES, type CachePlace, type CacheStore } from '@sealgate/core/ports';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

export interface CacheStoreUnderTest {
  /** A further connection to the same servers. */
  connect(): Promise<CacheStore>;
  /** Makes the servers forget everything while they go on. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
/** A found value as its text, whatever kind of bytes it came in. */
const lookupText = async (store: CacheStore, place: CachePlace, token: string) => {
  const found = await store.lookup(place, token);
  return found.kind === 'hit' ? { kind: 'hit', value: new TextDecoder().decode(found.value) } : found;
};
const hit = (text: string) => ({ kind: 'hit', value: text });

/** What the CacheStore port promises (core/ports), run against one implementation. */
export function describeCacheStore(name: string, factory: () => Promise<CacheStoreUnderTest>): void {
  describe(`CacheStore contract: ${name}`, () => {
    let subject: CacheStoreUnderTest;
    let store: CacheStore;
    let other: CacheStore;
    let made = 0;
    beforeAll(async () => {
      subject = await factory();
      store = await subject.connect();
      other = await subject.connect();
    });
    afterAll(() => subject.close());

    const newSpace = async (): Promise<(id: string, kind?: string) => CachePlace> => {
      made += 1;
      const keyspace = `space ${made}`;
      await store.prepare(keyspace);
      return (id, kind = 'k') => ({ keyspace, kind, id });
    };
    const fill = async (place: CachePlace, text: string, by: CacheStore = store): Promise<boolean> => {
      made += 1;
      const found = await by.lookup(place, `t${made}`);
      return found.kind === 'miss' && (await by.fill(place, found.token, bytes(text)));
    };

    it('is the same life for every connection', () => {
      expect(other.incarnation).toBe(store.incarnation);
    });

    it('gives everybody what was filled in, byte for byte', async () => {
      const at = await newSpace();
      expect(await fill(at('a'), '\0\xff one')).toBe(true);
      expect(await lookupText(other, at('a'), 'x')).toEqual(hit('\0\xff one'));
      expect(await other.lookup(at('b'), 'x')).toEqual({ kind: 'miss', token: 'x' });
      expect(await other.lookup(at('a', 'other'), 'x')).toEqual({ kind: 'miss', token: 'x' });
    });

    it('shares a token between readers, whose fills are both of the time after it', async () => {
      const at = await newSpace();
      expect(await store.lookup(at('a'), 'first')).toEqual({ kind: 'miss', token: 'first' });
      expect(await other.lookup(at('a'), 'second')).toEqual({ kind: 'miss', token: 'first' });
      expect(await other.fill(at('a'), 'first', bytes('one'))).toBe(true);
      expect(await store.fill(at('a'), 'first', bytes('two'))).toBe(false);
      expect(await lookupText(store, at('a'), 'third')).toEqual(hit('one'));
    });

    it('refuses a fill that a change overtook, and one without a token', async () => {
      const at = await newSpace();
      await store.lookup(at('a'), 'early');
      expect(await other.mark(at('a'), 'w1')).toBe(true);
      await other.unmark(at('a'), 'w1');
      expect(await store.fill(at('a'), 'early', bytes('old'))).toBe(false);
      expect(await store.fill(at('b'), 'made up', bytes('old'))).toBe(false);
      await store.lookup(at('a'), 'late');
      expect(await store.fill(at('a'), 'early', bytes('old'))).toBe(false);
      expect(await store.fill(at('a'), 'late', bytes('new'))).toBe(true);
    });

    it('has neither hits nor tokens while one of several changes is under way', async () => {
      const at = await newSpace();
      await fill(at('a'), 'old');
      await store.mark(at('a'), 'w1');
      await other.mark(at('a'), 'w2');
      expect(await store.lookup(at('a'), 't')).toEqual({ kind: 'busy' });
      await store.unmark(at('a'), 'w1');
      expect(await store.lookup(at('a'), 't')).toEqual({ kind: 'busy' });
      // The same end twice is one end.
      await store.unmark(at('a'), 'w1');
      expect(await store.lookup(at('a'), 't')).toEqual({ kind: 'busy' });
      await other.unmark(at('a'), 'w2');
      expect(await store.lookup(at('a'), 't')).toEqual({ kind: 'miss', token: 't' });
    });

    it('takes a change of all places of a kind for one of each, and of no other kind', async () => {
      const at = await newSpace();
      await fill(at('a'), 'old');
      await fill(at('b'), 'old');
      await fill(at('a', 'other'), 'kept');
      await store.lookup(at('c'), 'early');
      await other.mark({ ...at(ALL_PLACES) }, 'w1');
      for (const id of ['a', 'b', 'c', 'd']) expect(await store.lookup(at(id), 't')).toEqual({ kind: 'busy' });
      expect(await lookupText(store, at('a', 'other'), 't')).toEqual(hit('kept'));
      await other.unmark(at(ALL_PLACES), 'w1');
      expect(await store.fill(at('c'), 'early', bytes('old'))).toBe(false);
      for (const id of ['a', 'b', 'c']) expect(await store.lookup(at(id), 't')).toEqual({ kind: 'miss', token: 't' });
      expect(await store.fill(at('a'), 't', bytes('new'))).toBe(true);
      expect(await lookupText(other, at('a'), 'u')).toEqual(hit('new'));
    });

    it('keeps spaces apart', async () => {
      const [one, two] = [await newSpace(), await newSpace()];
      await fill(one('a'), 'one');
      expect(await store.lookup(two('a'), 't')).toEqual({ kind: 'miss', token: 't' });
      await store.mark(two('a'), 'w');
      expect(await lookupText(store, one('a'), 't')).toEqual(hit('one'));
    });

    it('loses a space with all its marks or not at all', async () => {
      const at = await newSpace();
      const { keyspace } = at('a');
      expect(await store.keep(keyspace)).toBe(true);
      await store.lookup(at('a'), 'early');
      await store.mark(at('b'), 'w');
      await subject.flush();
      expect(await store.keep(keyspace)).toBe(false);
      expect(await store.lookup(at('b'), 't')).toEqual({ kind: 'lost' });
      expect(await store.fill(at('a'), 'early', bytes('old'))).toBe(false);
      expect(await store.mark(at('b'), 'w2')).toBe(false);
      // What ends now changes nothing of that.
      await store.unmark(at('b'), 'w');
      await store.unmark(at(ALL_PLACES), 'w');
      expect(await store.lookup(at('b'), 't')).toEqual({ kind: 'lost' });
    });
  });
}
