import { describe, expect, it } from 'vitest';
import { type Environment, readEnvironment } from '../config.ts';
import type { AwsProfile } from './aws-profile.ts';
import { controlConnection, findControl, type Sources, s3Connection } from './connection.ts';

const file = {
  s3Endpoint: 'http://127.0.0.1:9000',
  controlEndpoint: 'http://127.0.0.1:9001',
  region: 'eu-sovereign-1',
  tenant: 'default',
  accessKeyId: 'FILEKEY',
  secretAccessKey: 'file-secret',
  adminKey: 'file-admin',
};
const profile: AwsProfile = {
  accessKeyId: 'PROFILEKEY',
  secretAccessKey: 'profile-secret',
  sessionToken: undefined,
  region: 'us-east-1',
  endpointUrl: 'https://elsewhere.example',
  controlUrl: undefined,
  tenant: undefined,
};

function environment(env: Record<string, string> = {}): Environment {
  return readEnvironment({ HOME: '/users/nobody', ...env }, '/somewhere');
}

function sources(change: Partial<Sources>): Sources {
  return { options: {}, environment: environment(), profile: undefined, profileNamed: false, file, ...change };
}

describe('s3Connection', () => {
  it("is this folder's gateway when nothing is configured", () => {
    expect(s3Connection(sources({}))).toEqual({
      endpoint: file.s3Endpoint,
      region: 'eu-sovereign-1',
      credentials: { accessKeyId: 'FILEKEY', secretAccessKey: 'file-secret' },
      tenant: 'default',
    });
  });

  it("keeps to this folder's gateway although there is a default profile for another service", () => {
    const connection = s3Connection(sources({ profile, environment: environment({ AWS_REGION: 'us-east-1' }) }));
    expect(connection).toMatchObject({ endpoint: file.s3Endpoint, region: 'eu-sovereign-1', tenant: 'default' });
    expect(connection.credentials.accessKeyId).toBe('FILEKEY');
  });

  it('follows a profile that was asked for', () => {
    const connection = s3Connection(sources({ profile, profileNamed: true, options: { profile: 'work' } }));
    expect(connection).toMatchObject({ endpoint: 'https://elsewhere.example', region: 'us-east-1', tenant: undefined });
    expect(connection.credentials.accessKeyId).toBe('PROFILEKEY');
  });

  it("never sends this folder's keys to another endpoint", () => {
    const options = { endpointUrl: 'https://elsewhere.example' };
    expect(() => s3Connection(sources({ options }))).toThrow(/No credentials/);
    expect(s3Connection(sources({ options, profile })).credentials.accessKeyId).toBe('PROFILEKEY');
  });

  it('takes options before variables, and variables before files', () => {
    const env = environment({
      AWS_ACCESS_KEY_ID: 'ENVKEY',
      AWS_SECRET_ACCESS_KEY: 'env-secret',
      AWS_ENDPOINT_URL: 'http://one.example',
      AWS_ENDPOINT_URL_S3: 'http://two.example',
      AWS_REGION: 'fi-1',
    });
    expect(s3Connection(sources({ environment: env }))).toMatchObject({
      endpoint: 'http://two.example',
      region: 'fi-1',
      credentials: { accessKeyId: 'ENVKEY' },
      tenant: undefined,
    });
    const options = { endpointUrl: 'http://three.example', region: 'fi-2', tenant: 'acme' };
    expect(s3Connection(sources({ environment: env, options }))).toMatchObject({
      endpoint: 'http://three.example',
      region: 'fi-2',
      tenant: 'acme',
    });
  });

  it('says what is missing', () => {
    expect(() => s3Connection(sources({ file: undefined }))).toThrow(/No gateway/);
    const half = environment({ AWS_ACCESS_KEY_ID: 'ENVKEY' });
    expect(() => s3Connection(sources({ environment: half }))).toThrow(/AWS_SECRET_ACCESS_KEY is not/);
  });
});

describe('controlConnection', () => {
  it("finds this folder's gateway and its operator key", () => {
    expect(controlConnection(sources({}))).toEqual({
      endpoint: file.controlEndpoint,
      proof: { 'x-admin-key': 'file-admin' },
    });
  });

  it('prefers a token that is set to any operator key', () => {
    const both = environment({ SEALGATE_TOKEN: 'abc.def', ADMIN_API_KEY: 'mine' });
    expect(controlConnection(sources({ environment: both }))).toEqual({
      endpoint: file.controlEndpoint,
      proof: { authorization: 'Bearer abc.def' },
    });
  });

  it('never sends that key to another listener', () => {
    const elsewhere = environment({ SEALGATE_CONTROL_URL: 'https://control.example' });
    expect(findControl(sources({ environment: elsewhere }))).toBeUndefined();
    expect(() => controlConnection(sources({ environment: elsewhere }))).toThrow(/operator key/);
    const both = environment({ SEALGATE_CONTROL_URL: 'https://control.example', ADMIN_API_KEY: 'mine' });
    expect(controlConnection(sources({ environment: both }))).toEqual({
      endpoint: 'https://control.example',
      proof: { 'x-admin-key': 'mine' },
    });
  });
});

describe('readEnvironment', () => {
  it('takes an empty variable for none', () => {
    expect(environment({ AWS_REGION: '', AWS_DEFAULT_REGION: 'x-1' }).aws.region).toBe('x-1');
    expect(environment({ SEALGATE_DATA_DIR: '' }).dataDir).toBe('/somewhere/data');
  });

  it('follows the XDG folders', () => {
    expect(environment().configDir).toBe('/users/nobody/.config/sealgate');
    expect(environment({ XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s' })).toMatchObject({
      configDir: '/c/sealgate',
      stateDir: '/s/sealgate',
    });
  });
});
