import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { isFault } from '@sealgate/core/faults';
import { Secret } from '@sealgate/runtime/log';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nearestName } from './config/suggest.ts';
import { loadConfig } from './config.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'sealgate-config-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

const load = (env: Record<string, string> = {}, args: string[] = []) => loadConfig({ env, args, cwd });

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isFault(error, 'ConfigInvalid')) return error.message;
    throw error;
  }
  return expect.unreachable();
}

describe('loadConfig', () => {
  it('gives the documented defaults and an absolute data directory', () => {
    const config = load();
    expect(config).toMatchObject({
      host: '127.0.0.1',
      s3Port: 9000,
      controlPort: 9001,
      workers: 1,
      region: 'eu-sovereign-1',
      embedded: true,
      allowPrivateEndpoints: { privateRanges: false, cidrs: [] },
    });
    expect(config.dataDir).toBe(join(cwd, 'data'));
  });

  it('is frozen to the bottom', () => {
    const config = load();
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.allowPrivateEndpoints)).toBe(true);
    expect(Object.isFrozen(config.allowPrivateEndpoints.cidrs)).toBe(true);
  });

  it('prefers the command line to the environment and the environment to the file', () => {
    writeFileSync(join(cwd, 'sealgate.yaml'), 's3Port: 1111\ncontrolPort: 2222\nworkers: 3\n');
    const config = load({ SEALGATE_S3_PORT: '4444', SEALGATE_CONTROL_PORT: '5555' }, ['--control-port', '6666']);
    expect([config.s3Port, config.controlPort, config.workers]).toEqual([4444, 6666, 3]);
  });

  it('reads the file that --config names and says when there is none', () => {
    writeFileSync(join(cwd, 'other.yaml'), 'region: eu-test-1\n');
    expect(load({}, ['--config', 'other.yaml']).region).toBe('eu-test-1');
    expect(messageOf(() => load({}, ['--config', 'none.yaml']))).toMatch(/none\.yaml cannot be read/);
    writeFileSync(join(cwd, 'bad.yaml'), '- a list\n');
    expect(messageOf(() => load({}, ['--config', 'bad.yaml']))).toMatch(/"name: value" lines/);
  });

  it('treats an empty variable as unset and ignores what belongs to the command line tool', () => {
    const foreign = {
      SEALGATE_CONTROL_URL: 'http://127.0.0.1:1',
      SEALGATE_TOKEN: 't',
      SEALGATE_AGENT_CONFIG: 'a.yaml',
      SEALGATE_AGENT_NEW_PASSPHRASE_FILE: 'p',
    };
    expect(load({ SEALGATE_S3_PORT: '', ...foreign }).s3Port).toBe(9000);
  });

  it('takes a secret from the file that NAME_FILE names, and nothing else', () => {
    const path = join(cwd, 'key');
    writeFileSync(path, 'an operator key of some length\n');
    expect(load({ ADMIN_API_KEY_FILE: path }).adminApiKey?.reveal()).toBe('an operator key of some length');
    expect(load({ ADMIN_API_KEY_FILE: '' }).adminApiKey).toBeUndefined();
    const both = { ADMIN_API_KEY_FILE: path, ADMIN_API_KEY: 'another operator key' };
    expect(messageOf(() => load(both))).toMatch(/ADMIN_API_KEY or ADMIN_API_KEY_FILE, not both/);
    expect(messageOf(() => load({ DATABASE_URL_FILE: join(cwd, 'none') }))).toMatch(
      /DATABASE_URL_FILE .*cannot be read/,
    );
    expect(messageOf(() => load({ SEALGATE_REGION_FILE: path }))).toMatch(/SEALGATE_REGION_FILE is not a setting/);
    // This one is a setting of its own: the file is read anew for each call.
    expect(load({ SEALGATE_KMS_VAULT_TOKEN_FILE: path })).toMatchObject({ kmsVaultTokenFile: path });
  });

  it('names an unknown setting and the nearest known one, wherever it came from', () => {
    expect(messageOf(() => load({ SEALGATE_S3PORT: '1' }))).toMatch(/SEALGATE_S3PORT .*did you mean SEALGATE_S3_PORT/);
    expect(messageOf(() => load({ SEALGATE_ZZZZZZZZ: '1' }))).toMatch(/SEALGATE_ZZZZZZZZ .*remove it/);
    expect(messageOf(() => load({ SEALGATE_AGENT_METRICS_PROT: '1' }))).toMatch(
      /did you mean SEALGATE_AGENT_METRICS_PORT/,
    );
    expect(messageOf(() => load({}, ['--s3port', '1']))).toMatch(/Did you mean --s3-port/);
    writeFileSync(join(cwd, 'sealgate.yaml'), 'worker: 3\n');
    expect(messageOf(() => load())).toMatch(/worker in .*did you mean workers/);
  });

  it.each([
    [{ SEALGATE_S3_PORT: '0x50' }, /SEALGATE_S3_PORT must be a whole number .*\(it is "0x50"\)/],
    [{ SEALGATE_S3_PORT: '1e3' }, /SEALGATE_S3_PORT must be a whole number/],
    [{ SEALGATE_S3_PORT: 'ninety' }, /SEALGATE_S3_PORT must be a whole number .*\(it is "ninety"\)/],
    [{ SEALGATE_S3_PORT: '70000' }, /SEALGATE_S3_PORT .*65535/],
    [{ SEALGATE_WORKERS: '0' }, /SEALGATE_WORKERS /],
    [{ SEALGATE_WORKERS: '1.5' }, /SEALGATE_WORKERS must be a whole number/],
    [{ SEALGATE_WORKERS: ' ' }, /SEALGATE_WORKERS must be a whole number/],
    [{ SEALGATE_BACKGROUND_WORK: 'maybe' }, /SEALGATE_BACKGROUND_WORK must be true or false/],
    [{ SEALGATE_REGION: 'EU West' }, /SEALGATE_REGION must have/],
    [{ SEALGATE_BASE_DOMAIN: '-x.example' }, /SEALGATE_BASE_DOMAIN must be a domain/],
    [{ SEALGATE_LOG_LEVEL: 'loud' }, /SEALGATE_LOG_LEVEL/],
    [{ DATABASE_URL: 'mysql://x' }, /DATABASE_URL must begin with postgres/],
    [{ SEALGATE_ALLOW_PRIVATE_ENDPOINTS: '10.0.0.0/8,lan' }, /"lan" is neither/],
    [{ SEALGATE_TLS_CERT: 'cert.pem' }, /SEALGATE_TLS_KEY is required with SEALGATE_TLS_CERT/],
    [{ SEALGATE_S3_PORT: '7000', SEALGATE_CONTROL_PORT: '7000' }, /SEALGATE_CONTROL_PORT must differ/],
  ])('refuses %o', (env, message) => {
    expect(messageOf(() => load(env as Record<string, string>))).toMatch(message);
  });

  it('reports every problem at once', () => {
    const message = messageOf(() => load({ SEALGATE_WORKERS: 'x', SEALGATE_S3_PORT: 'y', SEALGATE_NO: '1' }));
    expect(message.split('\n')).toHaveLength(4);
  });

  it('requires the shared secrets with an external database', () => {
    const message = messageOf(() => load({ DATABASE_URL: 'postgres://u:hunter2hunter2@db/x' }));
    expect(message).toMatch(/ADMIN_API_KEY is required/);
    expect(message).toMatch(/TENANT_SECRET_PASSPHRASE is required/);
    expect(message).not.toContain('hunter2');
  });

  it('never shows a secret, valid or not', () => {
    expect(messageOf(() => load({ ADMIN_API_KEY: 'hunter2' }))).not.toContain('hunter2');
    const config = load({ ADMIN_API_KEY: 'hunter2hunter2hunter2' });
    expect(JSON.stringify(config) + inspect(config, { depth: 9 }) + String(config.adminApiKey)).not.toContain(
      'hunter2',
    );
    expect(config.adminApiKey?.reveal()).toBe('hunter2hunter2hunter2');
    expect(messageOf(() => load({}, ['--admin-api-key', 'x']))).toMatch(/admin-api-key/);
  });

  it('reads ranges of private endpoints', () => {
    const ranges = (value: string) => load({ SEALGATE_ALLOW_PRIVATE_ENDPOINTS: value }).allowPrivateEndpoints;
    expect(ranges('true')).toEqual({ privateRanges: true, cidrs: [] });
    expect(ranges('10.1.0.0/16, 169.254.169.254, fd00::1')).toEqual({
      privateRanges: false,
      cidrs: ['10.1.0.0/16', '169.254.169.254/32', 'fd00::1/128'],
    });
  });
});

describe('Secret', () => {
  it('shows itself to no formatter', () => {
    const secret = new Secret('swordfish');
    expect(`${String(secret)}${JSON.stringify({ secret })}${inspect({ secret })}`).not.toContain('swordfish');
  });
});

describe('nearestName', () => {
  it('finds a slip and rejects a stranger', () => {
    expect(nearestName('wrokers', ['workers', 'region'])).toBe('workers');
    expect(nearestName('banana', ['workers', 'region'])).toBeUndefined();
  });
});
