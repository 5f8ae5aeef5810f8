import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { generateKeyPair } from '@sealgate/sealed/keys';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKeyring, type Keyring } from './keyring.ts';
import { ATTEMPTS_MAX } from './limits.ts';
import { collect, type Fixture, pattern, startFixture } from './testing/node/fixture.ts';

const name = { bucket: 'vault', key: 'reports/2026 Q3+.pdf' };
const path = '/vault/reports/2026 Q3+.pdf';
const unavailable = { status: 503, xml: '<Error><Code>SlowDown</Code><Message>Busy.</Message></Error>' };

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture();
});
afterAll(() => fixture.fake.close());
beforeEach(() => {
  fixture.fake.objects.clear();
  fixture.fake.seen.length = 0;
  fixture.fake.interfere = () => undefined;
  fixture.waits.length = 0;
});

describe('put and get', () => {
  it.each([0, 1, 65_504, 200_000])(
    'brings %d bytes back, and none of them reaches the server in the clear',
    async (n) => {
      const plaintext = pattern(n);
      const put = await fixture.client.putSealed(name, plaintext, { redundancyClass: 'StandardClass' });
      expect(put).toMatchObject({ plaintextBytes: n, ackedBy: ['a', 'b'], redundancyClass: 'StandardClass' });
      expect(put.keyIds).toEqual([fixture.key.keyId]);
      const stored = fixture.fake.objects.get(path);
      if (n >= 64) expect(stored?.body.includes(Buffer.from(plaintext.subarray(0, 16)))).toBe(false);

      const opened = await fixture.client.getSealed(name);
      expect(opened.bytes).toBe(n);
      expect(await collect(opened.body)).toEqual(Buffer.from(plaintext));
    },
  );

  it.each([
    { range: { first: 10, last: 19 }, expected: [10, 20] },
    { range: { first: 65_500, last: 65_510 }, expected: [65_500, 65_511] },
    { range: { first: 199_990 }, expected: [199_990, 200_000] },
    { range: { suffix: 5 }, expected: [199_995, 200_000] },
  ] as const)('reads the range $range', async ({ range, expected }) => {
    const plaintext = pattern(200_000);
    await fixture.client.putSealed(name, plaintext);
    const opened = await fixture.client.getSealed(name, { range });
    expect(opened.bytes).toBe(expected[1] - expected[0]);
    expect(await collect(opened.body)).toEqual(Buffer.from(plaintext.slice(...expected)));
  });

  it('seals a stream whose length nobody told', async () => {
    const plaintext = pattern(100_000);
    const stream = new Blob([plaintext]).stream();
    expect((await fixture.client.putSealed(name, { stream })).plaintextBytes).toBe(100_000);
    expect(await collect((await fixture.client.getSealed(name)).body)).toEqual(Buffer.from(plaintext));
  });

  it('sends and reads plain bytes only when asked to', async () => {
    await fixture.client.putPlain(name, pattern(10), { contentType: 'text/plain' });
    expect(fixture.fake.objects.get(path)?.body).toEqual(Buffer.from(pattern(10)));
    await expect(fixture.client.getSealed(name)).rejects.toMatchObject({ code: 'not-sealed' });
    expect(await collect((await fixture.client.getRaw(name)).body)).toEqual(Buffer.from(pattern(10)));
    const part = await fixture.client.getRaw(name, { range: { first: 2, last: 4 } });
    expect(await collect(part.body)).toEqual(Buffer.from(pattern(10).slice(2, 5)));
  });

  it('asks the gateway whose bucket it is when nobody said', async () => {
    const client = fixture.clientWith({ tenant: undefined });
    await client.putSealed(name, pattern(5));
    await client.putSealed(name, pattern(5));
    expect(fixture.fake.seen.filter(({ method }) => method === 'HEAD')).toHaveLength(1);
    expect(await collect((await fixture.client.getSealed(name)).body)).toEqual(Buffer.from(pattern(5)));
  });

  it('keeps the condition of a first write', async () => {
    await fixture.client.putSealed(name, pattern(5), { ifNoneMatch: '*' });
    const again = fixture.client.putSealed(name, pattern(6), { ifNoneMatch: '*' });
    await expect(again).rejects.toMatchObject({ code: 'PreconditionFailed' });
  });
});

describe('what a store could do to a sealed object', () => {
  const plaintext = pattern(200_000);
  const stored = () => fixture.fake.objects.get(path)!;
  const read = async (client = fixture.client) => collect((await client.getSealed(name)).body);
  beforeEach(() => fixture.client.putSealed(name, plaintext));

  it.each([40, 70, 100, 150, 65_536, 131_200, 200_100])('a flipped bit at %d', async (at) => {
    stored().body[at]! ^= 1;
    await expect(read()).rejects.toMatchObject({ name: 'SealError' });
  });

  it.each([0, 100, 128, 65_664, 200_000])('a body cut to %d bytes', async (length) => {
    stored().body = stored().body.subarray(0, length);
    await expect(read()).rejects.toMatchObject({ name: 'SealError' });
    const range = fixture.client.getSealed(name, { range: { first: 0, last: 9 } });
    await expect(range).rejects.toMatchObject({ name: expect.stringMatching(/SealError|Fault/) as string });
  });

  it('bytes after the end', async () => {
    stored().body = Buffer.concat([stored().body, Buffer.from('x')]);
    await expect(read()).rejects.toMatchObject({ name: 'SealError' });
  });

  it('another object of the same owner in its place', async () => {
    const other = { bucket: 'vault', key: 'other' };
    await fixture.client.putSealed(other, plaintext);
    fixture.fake.objects.set(path, fixture.fake.objects.get('/vault/other')!);
    await expect(read()).rejects.toMatchObject({ code: 'not-for-this-object' });
  });

  it('the envelope of another version of the same object', async () => {
    const { headers } = stored();
    await fixture.client.putSealed(name, plaintext);
    stored().headers = headers;
    await expect(read()).rejects.toMatchObject({ code: 'envelope-mismatch' });
  });

  it('no envelope at all', async () => {
    stored().headers = {};
    await expect(read()).rejects.toMatchObject({ code: 'not-sealed' });
  });

  it('a reader with another key or tenant', async () => {
    const stranger = await generateKeyPair('P-256');
    const keys = createKeyring({ recipients: [stranger], opening: [stranger] });
    await expect(read(fixture.clientWith({ keys }))).rejects.toMatchObject({ code: 'wrong-key' });
    await expect(read(fixture.clientWith({ tenant: 'x' }))).rejects.toMatchObject({ code: 'not-for-this-object' });
  });

  it('an overwrite while ranges are read', async () => {
    let gets = 0;
    fixture.fake.interfere = ({ method }) => {
      if (method === 'GET' && ++gets === 1) stored().body = Buffer.from(stored().body.subarray(1));
      return undefined;
    };
    const range = fixture.client.getSealed(name, { range: { first: 0, last: 9 } });
    await expect(range).rejects.toMatchObject({ code: 'PreconditionFailed' });
  });
});

describe('interruptions', () => {
  it('repeats a write after 503 and a broken connection, with the same bytes', async () => {
    const failures = [unavailable, { cut: 'before' } as const, unavailable];
    fixture.fake.interfere = ({ method }) => (method === 'PUT' ? failures.shift() : undefined);
    await fixture.client.putSealed(name, pattern(1000));
    const writes = fixture.fake.seen.filter(({ method }) => method === 'PUT');
    const bodies = writes.map(({ body }) => body.toString('hex'));
    expect(bodies).toHaveLength(4);
    expect(new Set(bodies).size).toBe(1);
    expect(fixture.waits).toHaveLength(3);
  });

  it('gives up after its bound and says what the server said', async () => {
    fixture.fake.interfere = () => unavailable;
    await expect(fixture.client.putSealed(name, pattern(1))).rejects.toMatchObject({
      code: 'SlowDown',
      message: 'Busy.',
    });
    expect(fixture.fake.seen).toHaveLength(ATTEMPTS_MAX);
  });

  it('says which server cannot be reached', async () => {
    const client = fixture.clientWith({ endpoint: 'http://127.0.0.1:1' });
    await expect(client.head(name)).rejects.toMatchObject({ code: 'GatewayUnreachable' });
  });

  it('goes on with a download where it broke off', async () => {
    const plaintext = pattern(300_000);
    await fixture.client.putSealed(name, plaintext);
    fixture.fake.seen.length = 0;
    const cuts = [100, 70_000, 0, 150_000];
    fixture.fake.interfere = () => {
      const cut = cuts.shift();
      return cut === undefined ? undefined : { cut };
    };
    expect(await collect((await fixture.client.getSealed(name)).body)).toEqual(Buffer.from(plaintext));
    expect(fixture.fake.seen).toHaveLength(5);
    expect(fixture.fake.seen.slice(1).every(({ headers }) => headers['if-match'] !== undefined)).toBe(true);
  });

  it('does not go on for ever when a download makes no progress', async () => {
    await fixture.client.putSealed(name, pattern(300_000));
    fixture.fake.interfere = () => ({ cut: 0 });
    const read = fixture.client.getSealed(name).then(({ body }) => collect(body));
    await expect(read).rejects.toMatchObject({ code: 'GatewayUnreachable' });
  });

  it('keeps a body that waits for the owner, although its Response is collected as garbage', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    await fixture.client.putSealed(name, pattern(300_000));
    const keys: Keyring = {
      recipients: () => Promise.resolve([fixture.key]),
      async unlock() {
        for (let round = 0; round < 10; round++) {
          collectGarbage();
          await new Promise(setImmediate);
        }
        return [fixture.key];
      },
    };
    const opened = await fixture.clientWith({ keys }).getSealed(name);
    expect(await collect(opened.body)).toEqual(Buffer.from(pattern(300_000)));
  });

  it('stops at once when it is told to, with the reason', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    fixture.fake.interfere = () => {
      controller.abort(reason);
      return { cut: 'before' };
    };
    const { signal } = controller;
    await expect(fixture.client.putSealed(name, pattern(10), { signal })).rejects.toBe(reason);
    await expect(fixture.client.getSealed(name, { signal })).rejects.toBe(reason);
    expect(fixture.fake.seen).toHaveLength(1);
  });
});

describe('names and listings', () => {
  it.each(['a/../b', '..', './a', 'a/.'])('refuses the key %s, which a URL would turn into another', async (key) => {
    await expect(fixture.client.head({ bucket: 'vault', key })).rejects.toMatchObject({ code: 'InvalidURI' });
    expect(fixture.fake.seen).toHaveLength(0);
  });

  it('carries every other key through', async () => {
    const keys = ['a b', 'ä/ö', "it's!(*)", '%2F', 'a//b', '...', '?x=1&y#z', '€'];
    for (const key of keys) {
      await fixture.client.putSealed({ bucket: 'vault', key }, pattern(3));
      expect(await collect((await fixture.client.getSealed({ bucket: 'vault', key })).body)).toHaveLength(3);
    }
    const listed: string[] = [];
    for await (const page of fixture.client.list('vault')) listed.push(...page.objects.map((object) => object.key));
    expect(listed.toSorted()).toEqual(keys.toSorted());
    await fixture.client.deleteMany('vault', ['a b', '...']);
    expect(fixture.fake.objects.size).toBe(keys.length - 2);
  });
});
