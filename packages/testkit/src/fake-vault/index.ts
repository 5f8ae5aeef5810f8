import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A transit engine as https://developer.hashicorp.com/vault/api-docs/secret/transit describes it, for one key; strict.
 * What it refuses, and in which words, was observed on OpenBao 2.6.2; the suite of the driver holds both to the same.
 */
export interface FakeVault {
  readonly url: string;
  readonly token: string;
  /** What it did, as `operation`. */
  readonly calls: readonly string[];
  /** A new version of the key: what is wrapped from now on is of it. */
  rotate(): Promise<void>;
  /** What was wrapped under older versions of the key opens no more. */
  setMinDecryptionVersion(version: number): Promise<void>;
  setSealed(sealed: boolean): Promise<void>;
  newToken(): Promise<string>;
  revoke(token: string): Promise<void>;
  close(): Promise<void>;
}

const BODY_MAX = 64 * 1024;

/** A refusal of the engine. */
class Refused extends Error {}

export async function startFakeVault(options: { readonly mount: string; readonly key: string }): Promise<FakeVault> {
  const transit = createTransitKey();
  const calls: string[] = [];
  const tokens = new Set<string>();
  let sealed = false;
  const newToken = (): string => {
    const token = `s.${randomBytes(18).toString('base64url')}`;
    tokens.add(token);
    return token;
  };

  function answerTo(request: IncomingMessage, text: string): readonly [status: number, body: object] {
    if (sealed) return [503, { errors: ['Vault is sealed'] }];
    if (request.headers['x-vault-namespace'] !== undefined) return [404, { errors: ['namespace not found'] }];
    // Rights are looked at before the path: without any, nobody learns what is there.
    if (!tokens.has(String(request.headers['x-vault-token']))) {
      return [403, { errors: ['permission denied'] }];
    }
    const operation = operationOf(request, options);
    if (operation === undefined) return [403, { errors: ['1 error occurred:\n\t* permission denied\n\n'] }];
    calls.push(operation);
    try {
      return [200, { request_id: '1', data: transit.answer(operation, JSON.parse(text) as Record<string, unknown>) }];
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return [400, { errors: [error.message] }];
    }
  }

  const server = createServer((request, response) => {
    void (async () => {
      const [status, body] = answerTo(request, await bodyOf(request));
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    token: newToken(),
    calls,
    rotate() {
      transit.rotate();
      return Promise.resolve();
    },
    setMinDecryptionVersion(version) {
      transit.setMinDecryptionVersion(version);
      return Promise.resolve();
    },
    setSealed: (next) => Promise.resolve(void (sealed = next)),
    newToken: () => Promise.resolve(newToken()),
    revoke: (token) => Promise.resolve(void tokens.delete(token)),
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

/** What the token's policy allows, and nothing else. */
function operationOf(
  { method, url = '' }: IncomingMessage,
  { mount, key }: { readonly mount: string; readonly key: string },
): string | undefined {
  if (method !== 'POST') return undefined;
  return ['datakey/plaintext', 'decrypt', 'rewrap'].find((operation) => url === `/v1/${mount}/${operation}/${key}`);
}

/** One key with its versions, and what the engine does with it. */
function createTransitKey() {
  const versions = [randomBytes(32)];
  let minimum = 1;
  const wrap = (plain: Buffer): string => {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', versions.at(-1) ?? Buffer.alloc(32), iv);
    const bytes = Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return `vault:v${versions.length}:${bytes.toString('base64')}`;
  };
  /** @throws Refused */
  const unwrap = (text: unknown): Buffer => {
    const [, version = '', encoded = ''] = /^vault:v(\d+):(.+)$/.exec(String(text)) ?? [];
    if (encoded === '') throw new Refused('invalid ciphertext: no prefix');
    const key = versions[Number(version) - 1];
    if (key === undefined) throw new Refused('invalid ciphertext: version is too new');
    if (Number(version) < minimum) {
      throw new Refused('ciphertext or signature version is disallowed by policy (too old)');
    }
    const bytes = Buffer.from(encoded, 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAuthTag(bytes.subarray(-16));
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
    } catch {
      throw new Refused('cipher: message authentication failed');
    }
  };

  function answer(operation: string, body: Readonly<Record<string, unknown>>): object {
    if (operation === 'datakey/plaintext') {
      if (body['bits'] !== 256) throw new Refused('invalid bit length');
      const plain = randomBytes(32);
      return { plaintext: plain.toString('base64'), ciphertext: wrap(plain), key_version: versions.length };
    }
    const plain = unwrap(body['ciphertext']);
    return operation === 'decrypt'
      ? { plaintext: plain.toString('base64') }
      : { ciphertext: wrap(plain), key_version: versions.length };
  }

  return {
    answer,
    rotate: () => void versions.push(randomBytes(32)),
    setMinDecryptionVersion: (version: number) => void (minimum = version),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.length > BODY_MAX) throw new Error('too long');
  }
  return text;
}
