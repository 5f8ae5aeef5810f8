// Policies as their authors and operators meet them: the tools of the command line, and what gateways do by them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilStored } from '../support/copies.ts';
import {
  admin,
  type CommandResult,
  createBucket,
  type GatewayProcess,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/policies/', import.meta.url));
const OBEY_MS = 120_000;

let gateway: GatewayProcess;

beforeAll(async () => {
  // The data plane is two processes, neither of which takes the calls by which policies are applied.
  gateway = await startGateway({ env: { SEALGATE_WORKERS: '2' } });
  await createBucket(gateway, 'plain', { encryption: 'off' });
});

afterAll(async () => {
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

interface PlanAnswer {
  readonly explanation: { readonly backends: readonly unknown[] };
  readonly volumes: readonly { readonly name: string; readonly now: string }[];
  readonly costs: { readonly costs: readonly unknown[] };
}

const cli = (...args: readonly string[]): Promise<CommandResult> => sealgate(gateway, args);
const json = (result: CommandResult): unknown => JSON.parse(result.stdout) as unknown;

function policyFile(name: string, spec: string): string {
  const path = join(gateway.dataDir, `${name}.yaml`);
  writeFileSync(path, `apiVersion: sealgate/v1\nkind: Policy\nmetadata: { name: ${name} }\nspec: ${spec}\n`);
  return path;
}

async function put(key: string, body = 'bytes'): Promise<string> {
  const s3 = newClient(gateway.credentials);
  try {
    await s3.send(new PutObjectCommand({ Bucket: 'plain', Key: key, Body: body }));
    return 'stored';
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  } finally {
    s3.destroy();
  }
}

/** Until several answers in a row say so: each process has to have heard of it. */
async function untilAnswers(work: () => Promise<string>, wanted: RegExp): Promise<void> {
  const deadline = Date.now() + OBEY_MS;
  let last = '';
  for (let row = 0; row < 8; ) {
    last = await work();
    row = wanted.test(last) ? row + 1 : 0;
    if (Date.now() > deadline) throw new Error(`the last answer was ${last}`);
  }
}

test('policies are checked and tested without a gateway, and mistakes have a place', async () => {
  const checked = await cli('policy', 'check', join(EXAMPLES, 'cost-aware.yaml'), join(EXAMPLES, 'retained.yaml'));
  expect([checked.code, checked.stdout]).toEqual([0, expect.stringContaining('policy retained is valid')]);
  const wrong = await cli(
    'policy',
    'check',
    policyFile('wrong', '{ rules: [{ name: a, allow: "backend.contry == 1" }] }'),
  );
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/line 4, column \d+.*no fact backend.contry/)]);
  const tests = await cli('policy', 'test', join(EXAMPLES, 'tenant-nordic.test.yaml'), '--json');
  expect(tests.code).toBe(0);
  mkdirSync(join(gateway.dataDir, 'tests'), { recursive: true });
  const failing = join(gateway.dataDir, 'failing.yaml');
  policyFile('open', '{}');
  writeFileSync(
    failing,
    'apiVersion: sealgate/v1\nkind: PolicyTest\npolicies: [open.yaml]\nbackends: { a: { country: FI, jurisdiction: EU } }\ntests: [{ name: closed, expect: { refuses: { a: rules.x } } }]\n',
  );
  const failed = await cli('policy', 'test', failing);
  expect([failed.code, failed.stdout]).toEqual([
    1,
    expect.stringContaining('backend a: expected rules.x, is admitted'),
  ]);
});

test('explain and diff name rules, and end with 3 where new objects would be refused', async () => {
  const eu = policyFile('eu', '{ residency: { regionLock: [EU] } }');
  const explained = await cli('policy', 'explain', eu, '--json');
  expect(explained.code).toBe(0);
  expect(json(explained)).toMatchObject({
    backends: expect.arrayContaining([
      expect.objectContaining({ backend: 'demo-hel', admitted: true, rule: 'residency.regionLock' }),
      expect.objectContaining({ backend: 'demo-iad', admitted: false, rule: 'residency.regionLock', policy: 'eu' }),
    ]) as unknown,
    classes: expect.arrayContaining([
      expect.objectContaining({ name: 'StandardClass', now: 'placed', storageMultiplier: 3, lossesWhenComplete: 2 }),
    ]) as unknown,
  });
  const us = policyFile('us', '{ residency: { regionLock: [US] } }');
  const refused = await cli('policy', 'explain', us);
  expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('StandardClass would be refused')]);
  const diff = await cli('policy', 'diff', us, '--json');
  expect(diff.code).toBe(3);
  expect(json(diff)).toMatchObject({
    version: null,
    effects: expect.arrayContaining([
      { kind: 'class', name: 'StandardClass', before: 'placed', after: expect.stringContaining('illegal') as unknown },
    ]) as unknown,
  });
  const dry = await cli('policy', 'apply', eu, '--dry-run');
  expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining('Nothing was applied')]);
  expect((await cli('policy', 'list')).stdout).not.toContain('eu');
});

test('a simulation tells what would move and be refused, with costs where prices are known', async () => {
  const keys = Array.from({ length: 12 }, (_, i) => `sim/${i}`);
  for (const key of keys) expect(await put(key, 'x'.repeat(1000))).toBe('stored');
  await untilStored(gateway, 'plain', keys);
  // One that has some of them, wherever they were put.
  const stat = await cli('stat', 's3://plain/sim/0', '--json');
  const { blobs } = json(stat) as { blobs: { replicas: { backend: string }[] }[] };
  const backend = blobs[0]?.replicas[0]?.backend ?? '';
  const priced = await cli('backend', 'price', backend, '--storage', '0.01', '--egress', '0.02', '--json');
  expect(json(priced)).toMatchObject({ prices: { currency: 'EUR', storagePerGbMonth: 0.01, per1000Requests: null } });
  const away = policyFile('away', `{ residency: { backends: { deny: [${backend}] } } }`);
  const simulated = await cli('policy', 'simulate', away, '--tenant', gateway.credentials.tenant, '--json');
  expect(simulated.code).toBe(0);
  const { tally, costs } = json(simulated) as {
    tally: {
      leaving: { backend: string; rule: string; blobs: number }[];
      moves: { from: string; to: string; replicas: number }[];
      changed: { blobs: number };
    };
    costs: { costs: unknown[]; unpricedStoredBytesBefore: number };
  };
  expect(tally.leaving).toEqual([expect.objectContaining({ backend, rule: 'residency.backends.deny' })]);
  expect(tally.leaving[0]?.blobs).toBeGreaterThan(0);
  expect(tally.changed.blobs).toBe(tally.leaving[0]?.blobs);
  expect(tally.moves.reduce((sum, { replicas }) => sum + replicas, 0)).toBe(tally.leaving[0]?.blobs);
  expect(tally.moves.every(({ from, to }) => from === backend && to !== backend)).toBe(true);
  expect(costs.costs).toEqual([expect.objectContaining({ currency: 'EUR', storagePerMonthAfter: 0 })]);
  expect(costs.unpricedStoredBytesBefore).toBeGreaterThan(0);
  const us = policyFile('us', '{ residency: { regionLock: [US] } }');
  const refused = await cli('policy', 'simulate', us, '--tenant', gateway.credentials.tenant);
  expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('no legal place')]);
});

test('what could be bought is judged within the policies that hold for a tenant, on the command line and over REST', async () => {
  const tenant = 'buyer';
  await admin(gateway, 'POST', '/admin/tenants', { name: tenant });
  expect((await cli('policy', 'apply', join(EXAMPLES, 'eu-sovereign.yaml'))).code).toBe(0);
  await admin(gateway, 'PATCH', `/admin/tenants/${tenant}`, { policy: 'eu-sovereign' });
  const nordic = join(EXAMPLES, 'tenant-nordic.yaml');
  const buy = join(EXAMPLES, 'backends-to-buy.plan.yaml');
  const catalogue = ['--against', 'catalogue', '--provider', 'hetzner,safespring,aws'];
  const explained = await cli('policy', 'explain', nordic, '--tenant', tenant, ...catalogue, '--json');
  const offline = await cli(
    ...['policy', 'explain', nordic, '--within', join(EXAMPLES, 'eu-sovereign.yaml'), ...catalogue, '--json'],
  );
  expect(explained.code).toBe(0);
  // The gateway and the command line alone have one judge.
  expect(json(explained)).toEqual(json(offline));
  expect(json(explained)).toMatchObject({ layers: ['eu-sovereign', 'tenant-nordic'] });
  const plan = readFileSync(buy, 'utf8');
  const answer = await admin<PlanAnswer>(gateway, 'POST', '/admin/policies/plan', { tenant, plan });
  expect(answer.explanation.backends).toContainEqual(
    expect.objectContaining({ backend: 'frankfurt', admitted: false, rule: 'residency.operatorJurisdiction.allow' }),
  );
  expect(answer.volumes.map(({ name, now }) => [name, now])).toEqual([
    ['records', 'placed'],
    ['archive', 'placed'],
    ['finnish records', 'placed'],
  ]);
  expect(answer.costs.costs).toEqual([expect.objectContaining({ currency: 'EUR' })]);
  const simulated = await cli('policy', 'simulate', nordic, '--tenant', tenant, '--against', buy, '--json');
  expect([simulated.code, simulated.stderr]).toEqual([3, expect.stringContaining('archive would have no legal place')]);
  expect((json(simulated) as PlanAnswer).volumes).toMatchObject([
    { name: 'records', now: 'placed' },
    { name: 'archive', now: 'illegal', rule: 'policy.classes' },
    { name: 'finnish records', now: 'placed' },
  ]);
  const aside = await cli('policy', 'simulate', nordic, '--provider', 'hetzner');
  expect([aside.code, aside.stderr]).toEqual([2, expect.stringContaining('go with --against')]);
});

test('an applied policy is obeyed by every process: rules about writes, and the encryption mode', async () => {
  const rules =
    '{ rules: [{ name: closed, deny: \'request.key.startsWith("closed/")\', reason: nothing is put there }] }';
  const applied = await cli('policy', 'apply', policyFile('default', rules));
  expect(applied.code).toBe(0);
  await untilAnswers(() => put('closed/a'), /nothing is put there \(rule rules\.closed\)/);
  expect(await put('open/a')).toBe('stored');
  await cli('policy', 'apply', policyFile('default', '{ encryption: { mode: required } }'));
  await untilAnswers(() => put('open/b'), /^EncryptionRequired/);
  await cli('policy', 'apply', policyFile('default', '{}'));
  await untilAnswers(() => put('closed/b'), /^stored$/);
});

test('the provider catalogue is browsed, and fills in what a backend is', async () => {
  const listed = await cli('provider', 'list', '--text', 'hetzner', '--country', 'fi', '--json');
  expect(json(listed)).toMatchObject({ id: 'hetzner', zones: [{ zone: 'FI-HEL-HETZNER', jurisdiction: 'EU' }] });
  expect((await cli('provider', 'show', 'hetzner')).stdout).toContain('source: ');
  expect((await cli('provider', 'show', 'nobody')).code).toBe(1);
  const folder = join(gateway.dataDir, 'backends', 'from-catalogue');
  const facts = ['--zone', 'FI-HEL-HETZNER', '--provider', 'hetzner', '--type', 'filesystem', '--endpoint', folder];
  const added = await cli('backend', 'add', 'from-catalogue', ...facts, '--country', 'SE', '--json');
  expect([added.code, added.stderr]).toEqual([0, '']);
  const backend = await admin<Record<string, unknown>>(gateway, 'GET', '/admin/backends/from-catalogue');
  // What the operator says goes before the catalogue, whose other opinion is shown and not taken over.
  expect(backend).toMatchObject({
    country: 'SE',
    jurisdiction: 'EU',
    operatorJurisdiction: 'DE',
    zone: 'FI-HEL-HETZNER',
  });
  expect(backend['differences']).toEqual([{ fact: 'country', recorded: 'SE', catalogue: 'FI' }]);
  expect(backend['claims']).toMatchObject({ objectLock: 'yes' });
  const shown = await cli('backend', 'list', '--claims');
  expect(shown.stdout).toMatch(/from-catalogue\s+objectLock\s+yes\s+(yes|no|not tried)/);
  expect(shown.stdout).toMatch(/from-catalogue\s+country\s+SE\s+FI/);
  const accepted = await cli('backend', 'accept-catalogue', 'from-catalogue', '--json');
  expect(json(accepted)).toMatchObject({ country: 'FI', differences: [] });
  const wrong = await cli(
    'backend',
    'add',
    'x',
    '--zone',
    'FI-HEL-NOBODY',
    '--type',
    'filesystem',
    '--endpoint',
    folder,
  );
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('no zone')]);
});
