// What an agent keeps at rest under a passphrase (docs/spec/jobs-and-agents.md, "Credentials at rest"). The passphrase opens one
// random key, the key everything else: so another passphrase is one file, written in one step.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Fault } from '@sealgate/core/faults';
import { readIfThere, writePrivateFile } from '@sealgate/runtime/files';
import { type Argon2Cost, protectJwk, SealError, unprotectJwk } from '@sealgate/sealed/at-rest';
import { base64url, CompactEncrypt, compactDecrypt } from 'jose';
import { z } from 'zod';

const FILE = 'agent-lock.json';
const KEY_ID = 'agent-lock';
const KEY_BYTES = 32;
const SECRET_TYPE = 'sealgate-agent-secret+jwe';
const VERSION = 1;

const stored = z.object({ version: z.literal(VERSION), key: z.string() });

/** What a secret is for. One that was sealed for one purpose opens for no other. */
export type SecretUse = 'identity' | 'credentials';

export interface SecretBox {
  seal(use: SecretUse, text: string): Promise<string>;
  /** @throws Fault StartFailed when it is not what was sealed */
  open(use: SecretUse, sealed: string): Promise<string>;
}

/** A box, and the way to give it another passphrase. */
export interface AgentLock extends SecretBox {
  /** On the disk when it returns. */
  save(passphrase: string): Promise<void>;
}

/**
 * The lock of this state folder; undefined when there is none.
 * @param passphrase asked for only when there is one
 * @throws Fault ConfigInvalid for a wrong passphrase, StartFailed for a file that is damaged
 */
export async function openLock(stateDir: string, passphrase: () => Promise<string>): Promise<AgentLock | undefined> {
  const path = join(stateDir, FILE);
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const key = keyIn(text);
  if (key === undefined) throw damaged(path);
  try {
    const { k = '', kid } = await unprotectJwk(key, await passphrase());
    const bytes = base64url.decode(k);
    if (kid !== KEY_ID || bytes.length !== KEY_BYTES) throw damaged(path);
    return lockOf(stateDir, bytes);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    if (error.code !== 'wrong-passphrase' && error.code !== 'invalid-argument') throw damaged(path, error);
    throw new Fault('ConfigInvalid', `The passphrase does not open ${path}. Nothing was changed.`, { cause: error });
  }
}

function keyIn(text: string): string | undefined {
  try {
    return stored.safeParse(JSON.parse(text)).data?.key;
  } catch {
    return undefined;
  }
}

/** A lock with a new key, which is on no disk yet. @param cost of the passphrase; default: that of `protectJwk` */
export function newLock(stateDir: string, cost?: Argon2Cost): AgentLock {
  return lockOf(stateDir, randomBytes(KEY_BYTES), cost);
}

function lockOf(stateDir: string, key: Uint8Array, cost?: Argon2Cost): AgentLock {
  return {
    seal: (use, text) =>
      new CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: SECRET_TYPE, v: VERSION, use })
        .encrypt(key),
    async open(use, sealed) {
      try {
        const { plaintext, protectedHeader } = await compactDecrypt(sealed, key, {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        });
        const { typ, v, use: meant } = protectedHeader as { typ?: unknown; v?: unknown; use?: unknown };
        if (typ === SECRET_TYPE && v === VERSION && meant === use) return new TextDecoder().decode(plaintext);
      } catch (cause) {
        throw notSealedHere(cause);
      }
      throw notSealedHere();
    },
    async save(passphrase) {
      const jwk = { kty: 'oct', k: base64url.encode(key), kid: KEY_ID };
      const wrapped = await protectJwk(jwk, passphrase, cost === undefined ? {} : { cost });
      await writePrivateFile(join(stateDir, FILE), `${JSON.stringify({ version: VERSION, key: wrapped })}\n`);
    },
  };
}

function notSealedHere(cause?: unknown): Fault {
  return new Fault(
    'StartFailed',
    'A secret of the agent was not sealed with the key in its state folder, or was changed.',
    {
      cause,
    },
  );
}

function damaged(path: string, cause?: unknown): Fault {
  return new Fault('StartFailed', `${path} is damaged. Restore it from a backup.`, { cause });
}
