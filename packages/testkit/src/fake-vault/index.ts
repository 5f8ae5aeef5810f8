import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A transit engine as https://developer.hashicorp.com/vault/api-docs/secret/transit describes it, for one key; strict. */
export interface FakeVault {
  readonly url: string;
  /** What it did, as `operation`. */
  readonly calls: readonly string[];
  /** A new version of the key: what is wrapped from now on is of it. */
  rotate(): void;
  /** Tokens that it takes. */
  setToken(token: string): void;
  /** Answers 503, as a sealed Vault does. */
  setSealed(sealed: boolean): void;
  close(): Promise<void>;
}

const BODY_MAX = 64 * 1024;

export async function startFakeVault(options: {
  readonly mount: string;
  readonly key: string;
  readonly token: string;
}): Promise<FakeVault> {
  const transit = createTransitKey();
  const calls: string[] = [];
  let [token, sealed] = [options.token, false];

  const server = createServer((request, response) => {
    void (async () => {
      const end = (status: number, value: object): void => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      };
      const text = await bodyOf(request);
      if (sealed) {
        end(503, { errors: ['Vault is sealed'] });
        return;
      }
      if (request.headers['x-vault-token'] !== token) {
        end(403, { errors: ['permission denied'] });
        return;
      }
      const prefix = `/v1/${options.mount}/`;
      const path = request.url ?? '';
      if (request.method !== 'POST' || !path.startsWith(prefix) || !path.endsWith(`/${options.key}`)) {
        end(404, { errors: [] });
        return;
      }
      const operation = path.slice(prefix.length, -options.key.length - 1);
      calls.push(operation);
      const data = transit.answer(operation, JSON.parse(text) as Record<string, unknown>);
      if (data === undefined) end(400, { errors: ['invalid request'] });
      else end(200, { request_id: '1', data });
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    rotate: () => transit.rotate(),
    setToken: (next) => void (token = next),
    setSealed: (next) => void (sealed = next),
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

/** One key with its versions, and what the engine does with it; undefined: a request that it refuses. */
function createTransitKey() {
  const versions = [randomBytes(32)];
  const wrap = (plain: Buffer): string => {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', versions.at(-1) ?? Buffer.alloc(32), iv);
    const bytes = Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return `vault:v${versions.length}:${bytes.toString('base64')}`;
  };
  const unwrap = (text: unknown): Buffer | undefined => {
    const [, version = '', encoded = ''] = /^vault:v(\d+):([A-Za-z0-9+/=]+)$/.exec(String(text)) ?? [];
    const key = versions[Number(version) - 1];
    const bytes = Buffer.from(encoded, 'base64');
    if (key === undefined || bytes.length < 28) return undefined;
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAuthTag(bytes.subarray(-16));
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
    } catch {
      return undefined;
    }
  };

  function answer(operation: string, body: Readonly<Record<string, unknown>>): object | undefined {
    if (operation === 'datakey/plaintext') {
      if (body['bits'] !== 256) return undefined;
      const plain = randomBytes(32);
      return { plaintext: plain.toString('base64'), ciphertext: wrap(plain), key_version: versions.length };
    }
    const plain = unwrap(body['ciphertext']);
    if (plain === undefined) return undefined;
    if (operation === 'decrypt') return { plaintext: plain.toString('base64') };
    return operation === 'rewrap' ? { ciphertext: wrap(plain), key_version: versions.length } : undefined;
  }

  return { answer, rotate: () => void versions.push(randomBytes(32)) };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.length > BODY_MAX) throw new Error('too long');
  }
  return text;
}
