import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CommandContext } from '../context.ts';
import { describeFailure } from '../failure.ts';
import { restoreBackup } from './metadata.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealgate-metadata-'));
});
afterEach(() => rm(folder, { recursive: true }));

const KIB = 1024;

it.each([
  ['too long for a key', Buffer.alloc(64 * KIB + 1, ' ')],
  ['cannot be read', undefined],
])('a restoration says when its key file is %s', async (what, text) => {
  const key = join(folder, 'key');
  if (text !== undefined) await writeFile(key, text);
  const context = { environment: { databaseUrl: 'postgres://127.0.0.1:1/none' } } as unknown as CommandContext;
  const failure: unknown = await restoreBackup(context, [], { from: folder, key }).catch((error: unknown) => error);
  const { message, exitCode } = describeFailure(failure);
  expect({ message, exitCode }).toEqual({ message: expect.stringContaining(what) as string, exitCode: 2 });
});

it.each(['d: 0Vxo7Sd2secret', '{"d":"0Vxo7Sd2secret"', '{"kty":"EC","d":"0Vxo7Sd2secret"}'])(
  'a restoration says nothing of the text of a key file that is none (%j)',
  async (text) => {
    const key = join(folder, 'key');
    await writeFile(key, text);
    const context = { environment: { databaseUrl: 'postgres://127.0.0.1:1/none' } } as unknown as CommandContext;
    const failure: unknown = await restoreBackup(context, [], { from: folder, key }).catch((error: unknown) => error);
    const { message, exitCode } = describeFailure(failure);
    expect({ message, exitCode }).toEqual({ message: `${key} holds no private key (JWK).`, exitCode: 2 });
  },
);
