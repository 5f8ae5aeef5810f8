import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { KeyPair } from './keys/key-pair.ts';
import { exportPrivateKey } from './keys/key-pair.ts';
import type { SealedFixture } from './testing/fixtures.ts';
import { createKeyring, flipByte, names, pattern, sealBytes } from './testing/fixtures.ts';

// RSA keys and Argon2id on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** An owner can open objects with nothing of ours: a script of one page, run here on fresh and on damaged objects. */
const script = join(import.meta.dirname, '../python/open_sealed.py');
const missing = whatIsMissing();

function whatIsMissing(): string | undefined {
  const probe = spawnSync('python3', ['-c', 'import cryptography']);
  if (probe.error !== undefined) return 'python3';
  return probe.status === 0 ? undefined : 'the Python package "cryptography"';
}

describe.skipIf(missing !== undefined)(`open_sealed.py${missing === undefined ? '' : ` (missing: ${missing})`}`, () => {
  const key = createKeyring();
  let folder: string;
  let owner: KeyPair;
  let sealed: SealedFixture;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealgate-python-'));
    owner = await key('P-256');
    sealed = await sealBytes(pattern(100), { recipients: [owner] });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  interface Run {
    readonly status: number;
    readonly output: Buffer | undefined;
  }

  async function run(input: {
    body: Uint8Array;
    envelope: string;
    key: KeyPair;
    names?: readonly string[];
  }): Promise<Run> {
    const at = (name: string): string => join(folder, name);
    await rm(at('output'), { force: true });
    await writeFile(at('body'), input.body);
    await writeFile(at('envelope.json'), input.envelope);
    await writeFile(at('key.json'), JSON.stringify(await exportPrivateKey(input.key)));
    const asked = ['--names', ...(input.names ?? [names.tenant, names.bucket, names.key])];
    const files = ['--key', at('key.json'), '--envelope', at('envelope.json'), ...asked, at('body'), at('output')];
    const status = await new Promise<number>((resolve) => {
      execFile('python3', [script, ...files], (error) => resolve(error === null ? 0 : Number(error.code)));
    });
    expect(existsSync(at('output.part'))).toBe(false);
    return { status, output: existsSync(at('output')) ? await readFile(at('output')) : undefined };
  }

  it.each(['P-256', 'P-384', 'X25519', 'RSA-3072'] as const)('opens what was sealed to %s', async (kind) => {
    const recipient = await key(kind);
    for (const [length, announce] of [
      [0, true],
      [65_504, false],
      [70_000, true],
    ] as const) {
      const { body, envelope, plaintext } = await sealBytes(pattern(length), { recipients: [recipient], announce });
      const { status, output } = await run({ body, envelope: envelope.text, key: recipient });
      expect(status).toBe(0);
      expect(Buffer.compare(output!, plaintext)).toBe(0);
    }
  });

  it('opens for one of several recipients', async () => {
    const recipients = [await key('RSA-3072'), owner, await key('X25519')];
    const { body, envelope, plaintext } = await sealBytes(pattern(10), { recipients });
    const { output } = await run({ body, envelope: envelope.text, key: owner });
    expect(output?.equals(plaintext)).toBe(true);
  });

  it.each<[string, () => Promise<Partial<Parameters<typeof run>[0]>>]>([
    ['another key', async () => ({ key: await key('P-256', 1) })],
    ['another name', async () => ({ names: ['acme', 'vault', 'other'] })],
    ['a flipped header byte', async () => ({ body: flipByte(sealed.body, 100) })],
    ['a flipped ciphertext byte', async () => ({ body: flipByte(sealed.body, 150) })],
    ['a truncated body', async () => ({ body: sealed.body.slice(0, -1) })],
    ['a trailing byte', async () => ({ body: Uint8Array.from([...sealed.body, 0]) })],
    [
      'the envelope of another body',
      async () => ({ envelope: (await sealBytes(pattern(100), { recipients: [owner] })).envelope.text }),
    ],
    ['no JSON', async () => ({ envelope: '{' })],
  ])('refuses %s and writes nothing', async (_what, change) => {
    const attempt = { body: sealed.body, envelope: sealed.envelope.text, key: owner, ...(await change()) };
    expect(await run(attempt)).toEqual({ status: 4, output: undefined });
  });
});
