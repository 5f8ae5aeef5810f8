import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseBackendId } from '@sealgate/core/names';
import type { Backend } from '@sealgate/core/ports';
import type { BackendRegistry } from '@sealgate/runtime/backends';
import type { Logger } from '@sealgate/runtime/log';
import { createEndpointGuard } from '@sealgate/runtime/net';
import { sealGrant } from '@sealgate/sealed/credentials';
import { createVirtualClock } from '@sealgate/testkit';
import { base64url, exportJWK, generateKeyPair, type JWK } from 'jose';
import { afterEach, expect, test } from 'vitest';
import type { ControlLink } from './control-link.ts';
import { createGrants } from './grants.ts';
import type { Identity } from './identity.ts';

const job = '5f1c4b9e-7c1d-4f2e-9a37-0d6a3c1f8e21';
const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

const raw = ({ x = '' }: JWK) => base64url.decode(x);

/** An agent that was given one grant, and a gateway that has nothing for it to do until it says that the job is over. */
async function setUp(
  options: { readonly endpoint?: string; readonly trusts?: boolean; readonly jobs?: readonly string[] } = {},
) {
  const { endpoint = 'https://objects.example.fi', trusts = true } = options;
  const stateDir = mkdtempSync(join(tmpdir(), 'sealgate-agent-'));
  dirs.push(stateDir);
  const clock = createVirtualClock();
  const signer = await exportJWK((await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })).privateKey);
  const agentKey = await exportJWK((await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true })).privateKey);
  const place = { endpoint, region: 'fi-1', backend: 'theirs', bucket: 's3gw-1de9ccab01fafe81-theirs' };
  const sealedFor = async (named: string) => ({
    job: named,
    sealed: await sealGrant({
      terms: { ak: 'AK', sk: 'the secret', job: named, ...place },
      ...{ tenant: 'acme', seconds: 600, nowMs: clock.now(), signer, agentKey: raw(agentKey) },
    }),
  });
  const calls: string[] = [];
  const state = { waiting: await Promise.all((options.jobs ?? [job]).map(sealedFor)), over: false };
  const link = {
    call(name: string, body: { readonly job?: string; readonly limit?: number }) {
      calls.push(body.job === undefined ? name : `${name} ${body.job}`);
      if (name === 'grants') return Promise.resolve({ grants: state.waiting.splice(0, body.limit ?? Infinity) });
      return Promise.resolve({ leases: [], over: state.over });
    },
  } as unknown as ControlLink;
  const theirs = {
    id: parseBackendId('theirs'),
    type: 's3',
    custody: 'client',
    state: 'healthy',
    ...place,
  } as Partial<Backend>;
  const pool = {
    all: () => [{ ...theirs, addressing: 'path', capabilities: {} }],
    driver: () => undefined,
    writable: () => new Set(),
    full: () => new Set(),
    readOrder: () => [],
    latencyMs: () => undefined,
    report: () => undefined,
  };
  const lines: string[] = [];
  const write = (facts: object, text: string): void => void lines.push(JSON.stringify({ ...facts, text }));
  const logger = { debug: write, info: write, warn: write, error: write } as unknown as Logger;
  const grants = createGrants({
    config: { grantSigners: trusts ? [signer.x ?? ''] : [], stateDir, batch: 4 },
    identity: { openingKey: agentKey } as unknown as Identity,
    registry: { pool } as unknown as BackendRegistry,
    links: { guard: createEndpointGuard({ privateRanges: false, cidrs: [] }), clock, logger },
    worker: { identity: () => ({ name: 'vault', epoch: 1 }), kinds: ['repair', 'replicate'], leaseMs: 60_000 },
    ...{ link, clock, logger, part: () => undefined },
  });
  const said = (text: string): boolean => lines.some((line) => line.includes(text));
  const leases = (): number => calls.filter((call) => call === `lease ${job}`).length;
  return { grants, clock, calls, leases, said, state, lines };
}

test('credentials are forgotten when their time is over, and no more work is asked for with them', async () => {
  const { grants, clock, leases, said, lines } = await setUp();
  expect(await grants.takeDue()).toBe(1);
  await clock.advance(30_000);
  expect(said('credentials were granted')).toBe(true);
  expect(leases()).toBeGreaterThan(10);
  expect(said('forgotten')).toBe(false);
  await clock.advance(570_000);
  expect(said('granted credentials are forgotten')).toBe(true);
  const asked = leases();
  await clock.advance(60_000);
  expect(leases()).toBe(asked);
  expect(lines.join('')).not.toContain('the secret');
  await grants.close();
});

test('they are forgotten when the job is over, and when the agent stops', async () => {
  const ended = await setUp();
  await ended.grants.takeDue();
  await ended.clock.advance(2000);
  ended.state.over = true;
  await ended.clock.advance(2000);
  expect(ended.said('forgotten')).toBe(true);
  const stopped = await setUp();
  await stopped.grants.takeDue();
  await stopped.clock.advance(2000);
  await stopped.grants.close();
  expect(stopped.said('forgotten')).toBe(true);
});

test('no more than four are worked with at once: the others wait where they are', async () => {
  const jobs = Array.from({ length: 6 }, (_, index) => `5f1c4b9e-7c1d-4f2e-9a37-0d6a3c1f8e2${index}`);
  const { grants, clock, state, lines } = await setUp({ jobs });
  const begun = (): number => lines.filter((line) => line.includes('credentials were granted')).length;
  expect(await grants.takeDue()).toBe(4);
  expect(await grants.takeDue()).toBe(0);
  await clock.advance(2000);
  expect([begun(), state.waiting.length]).toEqual([4, 2]);
  state.over = true;
  await clock.advance(2000);
  expect(await grants.takeDue()).toBe(2);
  await clock.advance(2000);
  expect([begun(), state.waiting.length]).toEqual([6, 0]);
  await grants.close();
});

test.each(['http://127.0.0.1:9', 'http://169.254.169.254', 'https://10.0.0.8', 'http://[::1]:9000'])(
  'no request goes to %s for a grant, however well it is signed',
  async (endpoint) => {
    const { grants, clock, leases, said } = await setUp({ endpoint });
    expect(await grants.takeDue()).toBe(1);
    await clock.advance(5000);
    expect(said('its endpoint is not allowed here')).toBe(true);
    expect(leases()).toBe(0);
  },
);

test('an agent that names no signers asks for no grants', async () => {
  const { grants, calls } = await setUp({ trusts: false });
  expect(await grants.takeDue()).toBe(0);
  expect(calls).toEqual([]);
});
