import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endWithUs, freePort } from '../server-process.ts';

type Json = Readonly<Record<string, unknown>>;

/** A real OpenBao or HashiCorp Vault of a test's own, unsealed, with one transit key; on a free port of the loopback. */
interface VaultServer {
  readonly url: string;
  /** The same server over TLS, when asked for. */
  readonly tlsUrl: string;
  /** The token of the least rights that a gateway needs. */
  readonly token: string;
  /** A new version of the key. */
  rotate(): Promise<void>;
  /** What was wrapped under older versions of the key opens no more. */
  setMinDecryptionVersion(version: number): Promise<void>;
  setSealed(sealed: boolean): Promise<void>;
  /** Another token of the same rights. `ttl` as in `2s`: it ends by itself. */
  newToken(ttl?: string): Promise<string>;
  revoke(token: string): Promise<void>;
  /** A call as its root user. @throws Error on any answer but a success */
  readonly call: (method: string, path: string, body?: Json) => Promise<Json>;
  close(): Promise<void>;
}

interface VaultServerOptions {
  /** Where the transit engine is mounted; `/` may be in it. */
  readonly mount: string;
  readonly key: string;
  readonly namespace?: string;
  /** Files in PEM: it listens on a second port, with TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

const START_MS = 60_000;
const ATTEMPTS = 5;
const PROGRAMS = ['bao', 'vault'];

/** `SEALGATE_TEST_VAULT`, or what of `bao` and `vault` runs here; undefined: none. */
export function vaultProgram(): string | undefined {
  const named = process.env['SEALGATE_TEST_VAULT'];
  const candidates = named === undefined ? PROGRAMS : [named];
  return candidates.find((program) => spawnSync(program, ['version'], { stdio: 'ignore' }).status === 0);
}

/** @throws Error when the program does not start */
export async function startVaultServer(program: string, options: VaultServerOptions): Promise<VaultServer> {
  const dir = mkdtempSync(join(tmpdir(), 'sealgate-vault-'));
  for (let attempt = 1; ; attempt += 1) {
    const [port, tlsPort] = [await freePort(), await freePort()];
    const child = launch(program, { dir, port, tlsPort, options });
    const urls = { url: `http://127.0.0.1:${port}`, tlsUrl: `https://127.0.0.1:${tlsPort}` };
    try {
      return await prepare({ ...urls, child, dir, options });
    } catch (error) {
      child.kill('SIGKILL');
      // Somebody else was quicker with the port.
      if (child.exitCode === null || attempt === ATTEMPTS) throw error;
    }
  }
}

function launch(
  program: string,
  place: {
    readonly dir: string;
    readonly port: number;
    readonly tlsPort: number;
    readonly options: VaultServerOptions;
  },
): ChildProcess {
  const { dir, port, tlsPort, options } = place;
  const { tls } = options;
  const config = join(dir, 'server.json');
  const listener = [
    { tcp: { address: `127.0.0.1:${port}`, tls_disable: true } },
    ...(tls === undefined
      ? []
      : [{ tcp: { address: `127.0.0.1:${tlsPort}`, tls_cert_file: tls.cert, tls_key_file: tls.key } }]),
  ];
  writeFileSync(config, JSON.stringify({ storage: { inmem: {} }, listener, disable_mlock: true }));
  const child = spawn(program, ['server', `-config=${config}`], { stdio: 'ignore' });
  endWithUs(child.pid ?? 0, dir);
  return child;
}

async function prepare(started: {
  readonly url: string;
  readonly tlsUrl: string;
  readonly child: ChildProcess;
  readonly dir: string;
  readonly options: VaultServerOptions;
}): Promise<VaultServer> {
  const { url, tlsUrl, child, dir, options } = started;
  const { mount, key, namespace } = options;
  await untilItAnswers(url, child);
  const made = await request(url, { method: 'PUT', path: 'sys/init', body: { secret_shares: 1, secret_threshold: 1 } });
  const [share] = made['keys'] as readonly string[];
  const root = String(made['root_token']);
  const unseal = () => request(url, { method: 'PUT', path: 'sys/unseal', body: { key: share } });
  await unseal();
  await until(async () => (await request(url, { method: 'GET', path: 'sys/leader' }))['is_self'] !== false);
  const inRoot = (method: string, path: string, body?: Json) => request(url, { method, path, body, token: root });
  const call = (method: string, path: string, body?: Json) =>
    request(url, { method, path, body, token: root, namespace });

  if (namespace !== undefined) await inRoot('PUT', `sys/namespaces/${namespace}`, {});
  await call('PUT', `sys/mounts/${mount}`, { type: 'transit' });
  await call('PUT', `${mount}/keys/${key}`, {});
  const rules = ['datakey/plaintext', 'decrypt', 'rewrap'].map(
    (operation) => `path "${mount}/${operation}/${key}" { capabilities = ["update"] }`,
  );
  await call('PUT', 'sys/policies/acl/gateway', { policy: rules.join('\n') });
  const newToken = async (ttl?: string): Promise<string> => {
    const asked = { policies: ['gateway'], no_default_policy: true, ...(ttl === undefined ? {} : { ttl }) };
    const { auth } = await call('PUT', 'auth/token/create', asked);
    return String((auth as Json)['client_token']);
  };
  return {
    url,
    tlsUrl,
    token: await newToken(),
    newToken,
    call,
    async rotate() {
      await call('PUT', `${mount}/keys/${key}/rotate`, {});
    },
    async setMinDecryptionVersion(version) {
      await call('PUT', `${mount}/keys/${key}/config`, { min_decryption_version: version });
    },
    async setSealed(sealed) {
      await (sealed ? inRoot('PUT', 'sys/seal') : unseal());
    },
    async revoke(token) {
      await call('PUT', 'auth/token/revoke', { token });
    },
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function request(
  url: string,
  asked: {
    readonly method: string;
    readonly path: string;
    readonly body?: Json | undefined;
    readonly token?: string;
    readonly namespace?: string | undefined;
  },
): Promise<Json> {
  const { method, path, body, token, namespace } = asked;
  const answer = await fetch(`${url}/v1/${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { 'x-vault-token': token }),
      ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text || '{}') as Json;
}

async function untilItAnswers(url: string, child: ChildProcess): Promise<void> {
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the key server ended with ${child.exitCode}`);
    return await fetch(`${url}/v1/sys/health`).then(
      () => true,
      () => false,
    );
  });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the key server is not ready');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
