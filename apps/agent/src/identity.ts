import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Fault } from '@sealgate/core/faults';
import { ASSERTION_AUDIENCE, ASSERTION_SECONDS_MAX } from '@sealgate/runtime/agents';
import { readIfThere, writePrivateFile } from '@sealgate/runtime/files';
import { type JWK, SignJWT } from 'jose';
import { z } from 'zod';
import type { SecretBox } from './lock.ts';

const FILE = 'agent-key.json';
/** Bytes of a raw Ed25519 or X25519 key: the last ones of its SubjectPublicKeyInfo. */
const RAW_KEY_BYTES = 32;

const keysSchema = z.object({ signing: z.string(), encryption: z.string() });
const nameSchema = z.string().nullable();
/** In the clear, or its keys under the passphrase. */
const stored = z.union([
  z.object({ id: nameSchema, ...keysSchema.shape }),
  z.object({ id: nameSchema, sealedKeys: z.string() }),
]);

/** The agent's own keys. They are made here and never leave this machine. */
export interface Identity {
  /** Undefined before it has enrolled. */
  readonly id: string | undefined;
  readonly publicKey: Uint8Array;
  readonly encryptionKey: Uint8Array;
  /** The private half of it; it opens what was sealed to this agent. */
  readonly openingKey: JWK;
  /** Remembers under which name it enrolled. */
  enrolled(id: string): Promise<void>;
  /** A statement that proves the key, good once and for a minute. `epoch`: the session that goes on. */
  assert(epoch: number | undefined): Promise<string>;
}

/** @param box of an agent whose secrets are under a passphrase; new keys are sealed at once */
export async function openIdentity(stateDir: string, box: SecretBox | undefined): Promise<Identity> {
  const path = join(stateDir, FILE);
  const known = await read(path, box);
  const keys = known?.keys ?? (await make(path, box));
  const signing = privateKey(keys.signing);
  const encryption = privateKey(keys.encryption);
  let { id } = keys;
  return {
    get id() {
      return id ?? undefined;
    },
    publicKey: rawPublic(signing),
    encryptionKey: rawPublic(encryption),
    openingKey: encryption.export({ format: 'jwk' }),
    async enrolled(name) {
      id = name;
      await write(path, { ...keys, id }, box);
    },
    assert(epoch) {
      if (id === null) throw new Fault('NotAuthenticated', 'This agent has not enrolled.');
      return new SignJWT(epoch === undefined ? {} : { epoch })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT' })
        .setIssuer(id)
        .setSubject(id)
        .setAudience(ASSERTION_AUDIENCE)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime(`${ASSERTION_SECONDS_MAX}s`)
        .sign(signing);
    },
  };
}

/**
 * Puts the agent's own keys under the passphrase, where they are not.
 * @returns whether there are keys, which are then
 */
export async function protectIdentity(stateDir: string, box: SecretBox): Promise<boolean> {
  const path = join(stateDir, FILE);
  const known = await read(path, box);
  if (known === undefined) return false;
  if (!known.sealed) await write(path, known.keys, box);
  return true;
}

type Keys = z.output<typeof keysSchema> & { readonly id: string | null };

async function read(
  path: string,
  box: SecretBox | undefined,
): Promise<{ readonly keys: Keys; readonly sealed: boolean } | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const parsed = stored.safeParse(JSON.parse(text));
  if (!parsed.success) {
    throw new Fault('StartFailed', `${path} is damaged. Restore it, or enrol the agent anew under another name.`);
  }
  if (!('sealedKeys' in parsed.data)) return { keys: parsed.data, sealed: false };
  if (box === undefined)
    throw new Fault('StartFailed', `The keys in ${path} are sealed, and agent-lock.json is missing.`);
  const { sealedKeys, ...rest } = parsed.data;
  const keys = keysSchema.parse(JSON.parse(await box.open('identity', sealedKeys)));
  return { keys: { ...rest, ...keys }, sealed: true };
}

async function make(path: string, box: SecretBox | undefined): Promise<Keys> {
  const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signing = pem(generateKeyPairSync('ed25519').privateKey);
  const encryption = pem(generateKeyPairSync('x25519').privateKey);
  const keys = { id: null, signing, encryption };
  await write(path, keys, box);
  return keys;
}

async function write(path: string, keys: Keys, box: SecretBox | undefined): Promise<void> {
  const { id, signing, encryption } = keys;
  const file =
    box === undefined ? keys : { id, sealedKeys: await box.seal('identity', JSON.stringify({ signing, encryption })) };
  await writePrivateFile(path, `${JSON.stringify(file, null, 2)}\n`);
}

function privateKey(pem: string): KeyObject {
  return createPrivateKey({ key: pem, format: 'pem' });
}

function rawPublic(key: KeyObject): Uint8Array {
  const { x = '' } = key.export({ format: 'jwk' });
  const raw = Buffer.from(x, 'base64url');
  if (raw.length !== RAW_KEY_BYTES) throw new Fault('StartFailed', 'The key of the agent is of another kind.');
  return raw;
}
