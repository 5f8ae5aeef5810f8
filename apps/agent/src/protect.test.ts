import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secretSetting } from '@sealgate/runtime/settings';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadAgentConfig, secretsInClear, withSecrets } from './config.ts';
import { openIdentity } from './identity.ts';
import { openLock } from './lock.ts';
import { requirePassphrase } from './passphrase.ts';
import { type ProtectRequest, protectAgent } from './protect.ts';

/** The least that is taken: tests do it often. */
const cost = { memoryKiB: 19_456, passes: 2, lanes: 1 };
const YAML = `# the agent in Helsinki
controlUrl: http://127.0.0.1:1
stateDir: ./state
backends:
  hel-1: { accessKeyId: AKHEL, secretAccessKey: the secret of hel } # ours
  par-1: { accessKeyId: AKPAR, secretAccessKey: the secret of par }
  vault: { folder: /srv/vault }
`;

let dir: string;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sealgate-protect-'));
  writeFileSync(join(dir, 'agent.yaml'), YAML);
  const identity = await openIdentity(join(dir, 'state'), undefined);
  await identity.enrolled('helsinki');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const unasked = (): Promise<never> => Promise.reject(new Error('Nobody is to be asked.'));
const protect = (env: Record<string, string>, changes: Partial<ProtectRequest> = {}) =>
  protectAgent({ env, cwd: dir, existing: unasked, fresh: () => Promise.resolve(undefined), cost, ...changes });
const load = () => loadAgentConfig({ file: undefined, env: {}, cwd: dir });
/** As a running agent opens them. */
const opened = async (passphrase: string) => {
  const box = await openLock(join(dir, 'state'), () => Promise.resolve(passphrase));
  const { backends } = await withSecrets(load(), box);
  const secrets = Object.entries(backends).map(([id, own]) => [
    id,
    'folder' in own ? own.folder : own.secretAccessKey.reveal(),
  ]);
  const identity = await openIdentity(join(dir, 'state'), box);
  return { secrets: Object.fromEntries(secrets) as Record<string, string>, identity };
};
const file = (...names: string[]): string => readFileSync(join(dir, ...names), 'utf8');
const allText = (): string => file('agent.yaml') + file('state', 'agent-key.json') + file('state', 'agent-lock.json');

describe('secrets of an agent', () => {
  test('are under the passphrase, nowhere in the clear, and the rest of its settings is as it was', async () => {
    const before = await openIdentity(join(dir, 'state'), undefined);
    expect(await protect({ SEALGATE_AGENT_PASSPHRASE: 'a passphrase' })).toEqual({
      ...{ stateDir: join(dir, 'state'), backends: ['hel-1', 'par-1'], identity: true, passphrase: 'new' },
    });
    expect(allText()).not.toMatch(/the secret of|PRIVATE KEY/);
    expect(file('agent.yaml')).toContain('# the agent in Helsinki');
    expect(file('agent.yaml')).toContain('accessKeyId: AKHEL');
    for (const name of ['agent.yaml', 'state/agent-key.json', 'state/agent-lock.json'])
      expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
    const { secrets, identity } = await opened('a passphrase');
    expect(secrets).toEqual({ 'hel-1': 'the secret of hel', 'par-1': 'the secret of par', vault: '/srv/vault' });
    expect(identity.id).toBe('helsinki');
    expect(identity.publicKey).toEqual(before.publicKey);
    expect(secretsInClear(load())).toEqual([]);
  });

  test('do not open with another passphrase, and nothing is changed then', async () => {
    await protect({ SEALGATE_AGENT_PASSPHRASE: 'a passphrase' });
    const before = allText();
    const wrong = { SEALGATE_AGENT_PASSPHRASE: 'another one', SEALGATE_AGENT_NEW_PASSPHRASE: 'a third one' };
    await expect(protect(wrong)).rejects.toMatchObject({ code: 'ConfigInvalid' });
    await expect(opened('another one')).rejects.toMatchObject({ code: 'ConfigInvalid' });
    expect(allText()).toBe(before);
  });

  test('get another passphrase, and those that were added get it too', async () => {
    await protect({ SEALGATE_AGENT_PASSPHRASE: 'a passphrase' });
    writeFileSync(
      join(dir, 'agent.yaml'),
      file('agent.yaml').replace(
        '  vault:',
        '  new-1: { accessKeyId: AKNEW, secretAccessKey: the secret of new }\n  vault:',
      ),
    );
    expect(secretsInClear(load())).toEqual(['new-1']);
    const both = { SEALGATE_AGENT_PASSPHRASE: 'a passphrase', SEALGATE_AGENT_NEW_PASSPHRASE: 'a new one' };
    expect(await protect(both)).toMatchObject({ backends: ['hel-1', 'new-1', 'par-1'], passphrase: 'replaced' });
    expect(allText()).not.toContain('the secret of');
    await expect(opened('a passphrase')).rejects.toMatchObject({ code: 'ConfigInvalid' });
    expect((await opened('a new one')).secrets).toMatchObject({
      'new-1': 'the secret of new',
      'hel-1': 'the secret of hel',
    });
    expect(await protect({ SEALGATE_AGENT_PASSPHRASE: 'a new one' })).toMatchObject({ passphrase: 'kept' });
    expect((await opened('a new one')).secrets).toMatchObject({ 'par-1': 'the secret of par' });
  });

  test('a newer one in the clear goes before the sealed one, until it is sealed itself', async () => {
    await protect({ SEALGATE_AGENT_PASSPHRASE: 'a passphrase' });
    const text = file('agent.yaml').replace('accessKeyId: AKHEL', 'accessKeyId: AKHEL, secretAccessKey: rotated');
    writeFileSync(join(dir, 'agent.yaml'), text);
    expect((await opened('a passphrase')).secrets['hel-1']).toBe('rotated');
    await protect({ SEALGATE_AGENT_PASSPHRASE: 'a passphrase' });
    expect(allText()).not.toContain('rotated');
    expect((await opened('a passphrase')).secrets['hel-1']).toBe('rotated');
  });

  test('that were changed, or put where others belong, are refused', async () => {
    await protect({ SEALGATE_AGENT_PASSPHRASE: 'a passphrase' });
    const { sealedKeys, ...rest } = JSON.parse(file('state', 'agent-key.json')) as Record<string, string>;
    const sealedSecrets = load().sealedSecrets ?? '';
    writeFileSync(join(dir, 'state', 'agent-key.json'), JSON.stringify({ ...rest, sealedKeys: sealedSecrets }));
    await expect(opened('a passphrase')).rejects.toMatchObject({ code: 'StartFailed' });
    writeFileSync(join(dir, 'state', 'agent-key.json'), JSON.stringify({ ...rest, sealedKeys }));
    expect((await opened('a passphrase')).identity.id).toBe('helsinki');
    const flipped = `${sealedSecrets.slice(0, -3)}${sealedSecrets.endsWith('A') ? 'B' : 'A'}${sealedSecrets.slice(-2)}`;
    writeFileSync(join(dir, 'agent.yaml'), file('agent.yaml').replace(sealedSecrets, flipped));
    await expect(opened('a passphrase')).rejects.toMatchObject({ code: 'StartFailed' });
  });

  test('are not opened without their lock, and keys that are made later are sealed at once', async () => {
    await protect({ SEALGATE_AGENT_PASSPHRASE: 'a passphrase' });
    rmSync(join(dir, 'state', 'agent-key.json'));
    await opened('a passphrase');
    expect(file('state', 'agent-key.json')).not.toContain('PRIVATE KEY');
    rmSync(join(dir, 'state', 'agent-lock.json'));
    await expect(opened('a passphrase')).rejects.toMatchObject({ code: 'StartFailed' });
  });
});

test('the passphrase comes from the environment or a file, not from both, and its absence is told', () => {
  const path = join(dir, 'passphrase');
  writeFileSync(path, 'from a file\n');
  const name = 'SEALGATE_AGENT_PASSPHRASE';
  expect(secretSetting({ [name]: 'given' }, name)).toBe('given');
  expect(secretSetting({ [`${name}_FILE`]: path }, name)).toBe('from a file');
  expect(() => secretSetting({ [name]: 'given', [`${name}_FILE`]: path }, name)).toThrow('not both');
  expect(() => secretSetting({ [`${name}_FILE`]: join(dir, 'none') }, name)).toThrow('cannot be read');
  writeFileSync(path, '\n');
  expect(() => secretSetting({ [`${name}_FILE`]: path }, name)).toThrow('holds no secret');
  expect(() => requirePassphrase({})).toThrow('under a passphrase');
});
