// The process as an operator sees it: addressing, workers, health, metrics, settings. Start, restart and stop: start.test.ts.
import { statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { expect, onTestFinished, test } from 'vitest';
import {
  createBucket,
  type GatewayProcess,
  newDataDir,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

async function started(env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
  const gateway = await startGateway({ env });
  onTestFinished(async () => {
    await gateway.stop();
    removeDataDir(gateway.dataDir);
  });
  return gateway;
}

const put = async (gateway: GatewayProcess, Key: string, Body: string): Promise<void> => {
  const s3 = newClient(gateway.credentials);
  await s3.send(new PutObjectCommand({ Bucket: 'plain', Key, Body }));
  s3.destroy();
};
const get = async (gateway: GatewayProcess, Key: string): Promise<string> => {
  const s3 = newClient(gateway.credentials);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'plain', Key }));
  const text = await Body!.transformToString();
  s3.destroy();
  return text;
};

/** Sends a presigned URL to the gateway whatever host it names. */
function send(
  gateway: GatewayProcess,
  method: string,
  url: string,
  body = '',
): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(gateway.credentials.s3Endpoint);
  const target = new URL(url);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { hostname, port, method, path: target.pathname + target.search, headers: { host: target.host } },
      (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

test('virtual-host addressing under the base domain', async () => {
  const gateway = await started({ SEALGATE_BASE_DOMAIN: 's3.example.test' });
  await createBucket(gateway, 'plain', { encryption: 'off' });
  const s3 = newClient(gateway.credentials, { endpoint: 'http://s3.example.test:9000', forcePathStyle: false });
  const address = { Bucket: 'plain', Key: 'by host' };
  const putUrl = await getSignedUrl(s3, new PutObjectCommand(address), { expiresIn: 60 });
  expect(new URL(putUrl).hostname).toBe('plain.s3.example.test');
  expect(await send(gateway, 'PUT', putUrl, 'hello')).toMatchObject({ status: 200 });
  const getUrl = await getSignedUrl(s3, new GetObjectCommand(address), { expiresIn: 60 });
  expect(await send(gateway, 'GET', getUrl)).toMatchObject({ status: 200, text: 'hello' });
  expect(await get(gateway, 'by host')).toBe('hello');
  s3.destroy();
});

test('two workers on one port see each other’s writes', async () => {
  const gateway = await started({ SEALGATE_WORKERS: '2' });
  await createBucket(gateway, 'plain', { encryption: 'off' });
  for (let i = 0; i < 20; i += 1) {
    // A new connection each, so that both workers get some.
    await put(gateway, 'shared', `value ${i}`);
    expect(await get(gateway, 'shared')).toBe(`value ${i}`);
  }
});

test('health, metrics, OpenAPI', async () => {
  const gateway = await started();
  await createBucket(gateway, 'plain', { encryption: 'off' });
  await put(gateway, 'k', 'v');
  const text = async (path: string): Promise<string> => {
    const answer = await fetch(gateway.credentials.controlEndpoint + path);
    expect({ path, status: answer.status }).toEqual({ path, status: 200 });
    return await answer.text();
  };
  await text('/healthz');
  await text('/readyz');
  const metrics = await text('/metrics');
  expect(metrics).toMatch(/sealgate_requests_total\{[^}]*operation="PutObject"[^}]*\} 1\b/);
  for (const name of ['request_duration_seconds', 'backend', 'database']) expect(metrics).toContain(`sealgate_${name}`);
  expect((JSON.parse(await text('/openapi.json')) as { openapi: string }).openapi).toMatch(/^3\./);
  expect(await text('/docs')).toContain('<html');
});

test('no secret reaches the log or the metrics', async () => {
  const gateway = await started({ SEALGATE_LOG_LEVEL: 'debug' });
  await createBucket(gateway, 'plain', { encryption: 'off' });
  await put(gateway, 'k', 'v');
  const s3 = newClient({ ...gateway.credentials, secretAccessKey: 'not the right one' });
  await s3.send(new PutObjectCommand({ Bucket: 'plain', Key: 'k', Body: 'v' })).catch(() => undefined);
  s3.destroy();
  const { secretAccessKey, adminKey, controlEndpoint } = gateway.credentials;
  const metrics = await (await fetch(`${controlEndpoint}/metrics`)).text();
  for (const secret of [secretAccessKey, adminKey]) {
    expect(gateway.log().includes(secret)).toBe(false);
    expect(metrics.includes(secret)).toBe(false);
  }
  expect(statSync(join(gateway.dataDir, 'credentials.json')).mode & 0o777).toBe(0o600);
});

test.each([
  [{ SEALGATE_S3_PORT: 'ninety' }, 'SEALGATE_S3_PORT'],
  [{ SEALGATE_WORKERZ: '2' }, 'SEALGATE_WORKERS'],
  [{ DATABASE_URL: 'postgres://127.0.0.1:1/x' }, 'ADMIN_API_KEY'],
])('the settings %j stop the start with a message that helps', async (env, hint) => {
  const dataDir = newDataDir();
  onTestFinished(() => removeDataDir(dataDir));
  const { code, stderr } = await sealgate({ dataDir }, ['serve'], { env, timeoutMs: 300_000 });
  expect(code).not.toBe(0);
  expect(stderr).toContain(hint);
  expect(stderr).not.toMatch(/\n\s+at /);
});
