import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { Fault } from '@sealgate/core/faults';
import type { KeyManagement } from '@sealgate/core/ports';
import type { Config } from '../config.ts';

/** One answer; a start waits for a few of them. */
const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 64 * 1024;
const KEY_BYTES = 32;
/** Of what a service says about a refusal. */
const WORDS_CHARS_MAX = 200;

export interface VaultTransitOptions {
  /** Of the server, without a path of its own. */
  readonly url: URL;
  readonly mount: string;
  readonly key: string;
  readonly namespace: string | undefined;
  /** Read anew for each call, so that whoever renews it in a file need not restart anybody. */
  readonly token: () => Promise<string>;
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * The transit engine of HashiCorp Vault, or of OpenBao: https://developer.hashicorp.com/vault/api-docs/secret/transit
 */
export function createVaultTransit(options: VaultTransitOptions): KeyManagement {
  const { url, mount, key, namespace, token, fetch = globalThis.fetch } = options;

  async function call(operation: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    const address = new URL(`/v1/${mount}/${operation}/${encodeURIComponent(key)}`, url);
    let response: Response;
    let text: string;
    try {
      response = await fetch(address, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-vault-token': await token(),
          'x-vault-request': 'true',
          ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
        },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await boundedText(response);
    } catch (cause) {
      throw new Fault('KeyServiceUnavailable', `The key service does not answer${reasonOf(cause)}.`, { cause });
    }
    if (response.status >= 500 || response.status === 429) {
      throw new Fault('KeyServiceUnavailable', `The key service answered ${response.status}${wordsOf(text)}.`);
    }
    if (!response.ok) {
      throw new Fault(
        'ConfigInvalid',
        `The key service refused "${operation}" with ${response.status}${wordsOf(text)}. Check ${suspectsOf(response.status)}.`,
      );
    }
    return dataOf(text);
  }

  return {
    name: `vault-transit:${mount}/${key}`,
    async newDataKey() {
      const { plaintext, ciphertext } = await call('datakey/plaintext', { bits: KEY_BYTES * 8 });
      return { key: keyOf(plaintext), wrapped: wrappedOf(ciphertext) };
    },
    async unwrap(wrapped) {
      return keyOf((await call('decrypt', { ciphertext: wrapped }))['plaintext']);
    },
    async rewrap(wrapped) {
      const next = wrappedOf((await call('rewrap', { ciphertext: wrapped }))['ciphertext']);
      // Wrapping again under the same version gives another text each time: only a newer version is worth a write.
      return versionOf(next) > versionOf(wrapped) ? next : wrapped;
    },
  };
}

/** Read no further than a key service ever has to say. */
async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('The answer is too long.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What to look at after a refusal: with a bad token nothing else is looked at, and with a bad path the token was good. */
function suspectsOf(status: number): string {
  if (status === 403) return 'the token (it may have ended), its policy, the namespace and the mount';
  if (status === 404) return 'the namespace and the mount';
  return 'the name of the key, its type, and its min_decryption_version: what was wrapped under an older version opens no more';
}

/** Why there was no answer, as the code that the system or TLS gives it. */
function reasonOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return ` (${cause.code})`;
  }
  return '';
}

/** What the service says of it, for the operator: https://developer.hashicorp.com/vault/api-docs#error-response */
function wordsOf(text: string): string {
  const { errors } = (objectOf(text) ?? {}) as { readonly errors?: unknown };
  const words = (Array.isArray(errors) ? errors : [])
    .filter((each) => typeof each === 'string')
    .join('; ')
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim();
  return words === '' ? '' : ` (${words.slice(0, WORDS_CHARS_MAX)})`;
}

function objectOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function dataOf(text: string): Readonly<Record<string, unknown>> {
  const { data } = (objectOf(text) ?? {}) as { readonly data?: unknown };
  if (typeof data !== 'object' || data === null) throw notUnderstood();
  return data as Readonly<Record<string, unknown>>;
}

function keyOf(plaintext: unknown): Uint8Array {
  const key = typeof plaintext === 'string' ? Buffer.from(plaintext, 'base64') : undefined;
  if (key?.length !== KEY_BYTES) throw notUnderstood();
  return key;
}

const WRAPPED = /^vault:v(\d{1,9}):[A-Za-z0-9+/]+=*$/;

function wrappedOf(ciphertext: unknown): string {
  if (typeof ciphertext !== 'string' || !WRAPPED.test(ciphertext)) throw notUnderstood();
  return ciphertext;
}

function versionOf(wrapped: string): number {
  return Number(WRAPPED.exec(wrapped)?.[1] ?? 0);
}

const notUnderstood = (): Fault =>
  new Fault('KeyServiceUnavailable', 'The answer of the key service is not understood.');

/** What the settings name; undefined: none. @throws Fault ConfigInvalid */
export function keyManagementOf(
  config: Pick<
    Config,
    'kmsVaultUrl' | 'kmsVaultMount' | 'kmsVaultKey' | 'kmsVaultNamespace' | 'kmsVaultToken' | 'kmsVaultTokenFile'
  >,
): KeyManagement | undefined {
  const { kmsVaultUrl, kmsVaultMount: mount, kmsVaultKey: key, kmsVaultNamespace: namespace } = config;
  if (kmsVaultUrl === undefined) return undefined;
  const url = new URL(kmsVaultUrl);
  if (url.protocol !== 'https:' && !isLoopback(url.hostname)) {
    throw new Fault('ConfigInvalid', 'SEALGATE_KMS_VAULT_URL must be https: keys go over it.');
  }
  const { kmsVaultToken: token, kmsVaultTokenFile: file } = config;
  if (token === undefined && file === undefined) {
    throw new Fault(
      'ConfigInvalid',
      'Set SEALGATE_KMS_VAULT_TOKEN or SEALGATE_KMS_VAULT_TOKEN_FILE for the key service.',
    );
  }
  const read = async (): Promise<string> => {
    if (file === undefined) return token?.reveal() ?? '';
    try {
      return (await readFile(file, 'utf8')).trim();
    } catch (cause) {
      throw new Fault('ConfigInvalid', `SEALGATE_KMS_VAULT_TOKEN_FILE names ${file}, which cannot be read.`, { cause });
    }
  };
  return createVaultTransit({ url, mount, key, namespace, token: read });
}

function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}
