// The packages `client` and `sealed` in a real browser, against a real gateway and the command line.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBucket, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { hasTool } from '../support/tools.ts';
import type * as Entry from './browser/entry.ts';
import { type BrowserPage, bundleEntry, CHROMIUM, openPage } from './browser/page.ts';

/** In the page only: what browser/entry.ts exports. Functions given to `evaluate` run there. */
declare const harness: typeof Entry;

const BUCKET = 'vault';
const KIB = 1024;
const MIB = 1024 * KIB;
const SEGMENT = 65_504;

const vectorsDir = new URL('../../packages/sealed/vectors/', import.meta.url);
const vectors = JSON.parse(readFileSync(new URL('sgo1/vectors.json', vectorsDir), 'utf8')) as readonly Entry.Vector[];
const floe = [
  { name: 'rust_GCM256_IV256_64', segmentBytes: 64, keyEpochBits: 20 },
  { name: 'go_GCM256_IV256_4K', segmentBytes: 4096, keyEpochBits: 20 },
  { name: 'java_rotation', segmentBytes: 40, keyEpochBits: 2 },
  { name: 'java_lastSegAligned', segmentBytes: 40, keyEpochBits: 20 },
  { name: 'java_lastSegEmpty', segmentBytes: 40, keyEpochBits: 20 },
];

test('the packages make one module for browsers, with nothing of Node in it', async () => {
  expect(await bundleEntry()).not.toMatch(/\b(?:node:|Buffer\.|process\.|require\()/);
});

const noBrowser = hasTool(CHROMIUM) ? '' : ` (skipped: the program "${CHROMIUM}" is missing)`;

describe.skipIf(noBrowser !== '')(`Chromium${noBrowser}`, () => {
  let gateway: GatewayProcess;
  let browser: BrowserPage;
  let keys: { readonly p256: JsonWebKey; readonly x25519: JsonWebKey; readonly rsa: JsonWebKey };

  beforeAll(async () => {
    gateway = await startGateway();
    await createBucket(gateway, BUCKET, { encryption: 'required' });
    browser = await openPage(gateway.credentials.s3Endpoint);
    keys = await browser.page.evaluate(async () => ({
      p256: await harness.createKey('P-256'),
      x25519: await harness.createKey('X25519'),
      rsa: await harness.createKey('RSA-3072'),
    }));
  });
  afterAll(async () => {
    try {
      await browser.close();
    } finally {
      await gateway.stop();
      removeDataDir(gateway.dataDir);
    }
  });

  const connection = (...own: readonly JsonWebKey[]): Entry.Connection => {
    const { region, accessKeyId, secretAccessKey } = gateway.credentials;
    return { region, accessKeyId, secretAccessKey, keys: own };
  };
  const put = (own: Entry.Connection, key: string, what: { readonly bytes: number; readonly streamed?: boolean }) =>
    browser.page.evaluate(([connection, name, what]) => harness.put(connection, name, what), [
      own,
      { bucket: BUCKET, key },
      what,
    ] as const);
  const get = (own: Entry.Connection, key: string, ranges: readonly (readonly [number, number])[] = []) =>
    browser.page.evaluate(([connection, name, ranges]) => harness.get(connection, name, ranges), [
      own,
      { bucket: BUCKET, key },
      ranges,
    ] as const);
  const refusal = (own: Entry.Connection, key: string, range?: readonly [number, number]) =>
    browser.page.evaluate(([connection, name, range]) => harness.refusal(connection, name, range), [
      own,
      { bucket: BUCKET, key },
      range,
    ] as const);
  const cli = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await sealgate(gateway, args);
    expect({ args, code, stderr }).toMatchObject({ code: 0 });
  };
  const stat = async (key: string): Promise<{ readonly etag: string }> => {
    const { stdout } = await sealgate(gateway, ['stat', '--json', `s3://${BUCKET}/${key}`]);
    return JSON.parse(stdout) as { etag: string };
  };
  const path = (name: string): string => join(gateway.dataDir, name);
  const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

  test.each(['p256', 'x25519', 'rsa'] as const)('seals to a key and opens with it: %s', async (kind) => {
    for (const bytes of [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1]) {
      const key = `${kind}/ü ${bytes}`;
      const { sha256 } = await put(connection(keys[kind]), key, { bytes });
      const ranges = [
        [0, 0],
        [bytes - 1, bytes - 1],
        [bytes >> 1, bytes],
      ] as const;
      const got = await get(connection(keys[kind]), key, bytes === 0 ? [] : ranges);
      expect(got).toEqual({ sha256, bytes, rangesMatch: bytes === 0 ? [] : [true, true, true] });
    }
  });

  test('several MiB, in one request, whole and by ranges', async () => {
    const { sha256 } = await put(connection(keys.p256), 'large', { bytes: 3 * MIB });
    const ranges = [
      [0, SEGMENT - 1],
      [SEGMENT - 1, SEGMENT],
      [MIB + 3, 2 * MIB + 5],
      [3 * MIB - 1, 3 * MIB - 1],
    ] as const;
    const got = await get(connection(keys.p256), 'large', ranges);
    expect(got).toEqual({ sha256, bytes: 3 * MIB, rangesMatch: [true, true, true, true] });
  });

  test.each([
    ['a Blob, for three keys, each of which opens it', { streamed: false, kinds: ['p256', 'x25519', 'rsa'] }],
    ['a stream of unknown length', { streamed: true, kinds: ['p256'] }],
  ] as const)('17 MiB as a multipart upload from %s', async (_, { streamed, kinds }) => {
    const own = kinds.map((kind) => keys[kind]);
    const key = `multipart/${streamed}`;
    const { sha256, keyIds } = await put(connection(...own), key, { bytes: 17 * MIB, streamed });
    expect(keyIds).toEqual(own.map((jwk) => (jwk as { readonly kid?: string }).kid));
    const { etag } = await stat(key);
    expect(etag).toMatch(/^[0-9a-f]{32}-\d+$/); // of parts
    for (const jwk of own) {
      const got = await get(connection(jwk), key, [[8 * MIB - 100, 8 * MIB + 100]]);
      expect(got).toEqual({ sha256, bytes: 17 * MIB, rangesMatch: [true] });
    }
  });

  test('what the browser sealed, the command line opens with the exported keys', async () => {
    for (const [kind, jwk] of Object.entries(keys)) {
      writeFileSync(path(`${kind}.jwk`), JSON.stringify(jwk), { mode: 0o600 });
      await cli('keys', 'import', '--no-passphrase', '--name', kind, `${kind}.jwk`);
      const key = `to-cli/${kind}`;
      const sealed = await put(connection(jwk), key, { bytes: 3 * SEGMENT + 17 });
      await cli('get', `s3://${BUCKET}/${key}`, kind);
      expect(sha256(readFileSync(path(kind)))).toBe(sealed.sha256);
    }
  });

  test('what the command line sealed, the browser opens', async () => {
    const report = randomBytes(2_500_000);
    writeFileSync(path('report'), report);
    for (const kind of ['P-256', 'X25519', 'RSA-3072']) {
      await cli('keys', 'create', '--no-passphrase', '--use', '--kind', kind, '--name', `cli-${kind}`);
      await cli('put', 'report', `s3://${BUCKET}/from-cli/${kind}`);
      const { stdout } = await sealgate(gateway, ['keys', 'export', '--private', `cli-${kind}`]);
      const jwk = JSON.parse(stdout) as JsonWebKey;
      const got = await get(connection(jwk), `from-cli/${kind}`, [[1_000_000, 1_999_999]]);
      expect(got).toEqual({ sha256: sha256(report), bytes: report.length, rangesMatch: [true] });
    }
  });

  test('refuses a flipped bit, a short body and another key', async () => {
    const own = connection(keys.p256);
    await put(own, 'damaged', { bytes: 3 * SEGMENT });
    const change = (alter: (body: Buffer) => Buffer): void =>
      browser.proxy.tamper((answer) => (answer.body.length < KIB ? answer : { ...answer, body: alter(answer.body) }));
    const flip = (at: number) => (body: Buffer) => {
      const changed = Buffer.from(body);
      changed[at] = (changed[at] ?? 0) ^ 1;
      return changed;
    };
    try {
      change(flip(128 + 65_536 + 1000));
      // What came before the damage was authenticated; the damaged segment and all after it stay back.
      expect(await refusal(own, 'damaged')).toEqual({ code: 'corrupt', bytesBefore: SEGMENT });
      change(flip(1000));
      expect(await refusal(own, 'damaged')).toEqual({ code: 'corrupt', bytesBefore: 0 });
      expect(await refusal(own, 'damaged', [SEGMENT, 2 * SEGMENT - 1])).toEqual({ code: 'corrupt', bytesBefore: 0 });
      change((body) => body.subarray(0, 128 + 65_536));
      expect(await refusal(own, 'damaged')).toEqual({ code: 'length-mismatch', bytesBefore: 0 });
    } finally {
      browser.proxy.tamper((answer) => answer);
    }
    expect(await refusal(connection(keys.x25519), 'damaged')).toEqual({ code: 'wrong-key', bytesBefore: 0 });
    expect(await refusal(own, 'missing')).toEqual({ code: 'NoSuchKey', bytesBefore: 0 });
  });

  test.each(vectors)('frozen vector $name', async (vector) => {
    const outcome = await browser.page.evaluate((one) => harness.openVector('/-/vectors/sgo1', one), vector);
    const { recipients, plaintext } = vector;
    expect(outcome).toEqual({
      opened: recipients.map(() => plaintext.sha256),
      lastThird: 'same',
      refused: recipients.map(() => 'corrupt'),
    });
  });

  test('a frozen key under a passphrase', async () => {
    const keyId = await browser.page.evaluate(() =>
      harness.unprotect('/-/vectors/sgo1/P-256.protected.jwe', 'frozen vector: ä ö ü'),
    );
    expect(keyId).toMatch(/^urn:ietf:params:oauth:jwk-thumbprint:sha-256:[\w-]{43}$/);
  });

  for (const one of floe) {
    const present = existsSync(new URL(`floe/${one.name}_ct.txt`, vectorsDir));
    test.skipIf(!present)(
      `FLOE ${one.name}${present ? '' : ' (missing: see packages/sealed/vectors/floe)'}`,
      async () => {
        expect(await browser.page.evaluate((vector) => harness.decryptsFloe('/-/vectors/floe', vector), one)).toBe(
          true,
        );
      },
    );
  }

  test('the page had nothing to complain about', () => {
    expect(browser.complaints).toEqual([]);
  });
});
