import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
  type STSClientConfig,
  type Credentials as Temporary,
} from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin, createBucket, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { type OidcIssuer, startOidcIssuer } from '../support/oidc-issuer.ts';
import { newClient } from '../support/s3-client.ts';

const Bucket = 'sessions';
const READ_ONLY = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['s3:GetObject', 's3:ListBucket'], Resource: '*' }],
};

let gateway: GatewayProcess;
let issuer: OidcIssuer;
let tenant: string;
const clients: { destroy(): void }[] = [];

beforeAll(async () => {
  issuer = await startOidcIssuer();
  gateway = await startGateway({ env: { SEALGATE_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.1/32' } });
  tenant = gateway.credentials.tenant;
  await createBucket(gateway, Bucket, { encryption: 'off' });
  await s3().send(new PutObjectCommand({ Bucket, Key: 'here', Body: 'bytes' }));
  await admin(gateway, 'PUT', '/admin/identity-providers/ci', { issuer: issuer.issuer, audiences: ['sealgate'] });
  await putRole('reader');
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await gateway.stop();
  await issuer.close();
  removeDataDir(gateway.dataDir);
});

function sts(config: STSClientConfig = {}): STSClient {
  const { s3Endpoint: endpoint, region, accessKeyId, secretAccessKey } = gateway.credentials;
  const client = new STSClient({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
    ...config,
  });
  clients.push(client);
  return client;
}

function s3(credentials: NonNullable<Parameters<typeof newClient>[1]>['credentials'] = gateway.credentials): S3Client {
  const client = newClient(gateway.credentials, { credentials, maxAttempts: 1 });
  clients.push(client);
  return client;
}

const withSession = (given: Temporary | undefined) => {
  const {
    AccessKeyId: accessKeyId = '',
    SecretAccessKey: secretAccessKey = '',
    SessionToken: sessionToken = '',
  } = given ?? {};
  return { accessKeyId, secretAccessKey, sessionToken };
};

async function putRole(name: string, changes: object = {}): Promise<string> {
  const webIdentities = [{ issuer: issuer.issuer, claims: { sub: ['repo:acme/*'] } }];
  const role = { trust: { webIdentities }, policy: READ_ONLY, ...changes };
  return (await admin<{ arn: string }>(gateway, 'PUT', `/admin/tenants/${tenant}/roles/${name}`, role)).arn;
}

const take = (token: string, more: { readonly Policy?: string; readonly RoleArn?: string } = {}) =>
  sts().send(
    new AssumeRoleWithWebIdentityCommand({
      RoleArn: `arn:aws:iam::${tenant}:role/reader`,
      RoleSessionName: 'nightly',
      WebIdentityToken: token,
      ...more,
    }),
  );

/** The name and status of what a call was refused with. */
async function refusal(work: Promise<unknown>): Promise<[string, number | undefined]> {
  const error: unknown = await work.then(
    () => new Error('was not refused'),
    (thrown: unknown) => thrown,
  );
  const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
  return [name, $metadata?.httpStatusCode];
}

const read = async (client: S3Client): Promise<string | undefined> =>
  (await client.send(new GetObjectCommand({ Bucket, Key: 'here' }))).Body?.transformToString();
const write = (client: S3Client) => client.send(new PutObjectCommand({ Bucket, Key: 'there', Body: 'x' }));

describe('GetSessionToken', () => {
  test('temporary credentials do what the key does, with their token only', async () => {
    const { Credentials } = await sts().send(new GetSessionTokenCommand({ DurationSeconds: 900 }));
    const session = withSession(Credentials);
    expect(Credentials?.Expiration?.getTime()).toBeLessThanOrEqual(Date.now() + 900_000);
    expect(await read(s3(session))).toBe('bytes');
    await write(s3(session));
    const { sessionToken, ...pair } = session;
    expect(await refusal(read(s3(pair)))).toEqual(['InvalidToken', 400]);
    const other = withSession((await sts().send(new GetSessionTokenCommand())).Credentials);
    expect(await refusal(read(s3({ ...pair, sessionToken: other.sessionToken })))).toEqual(['InvalidToken', 400]);
    expect(await refusal(read(s3({ ...gateway.credentials, sessionToken })))).toEqual(['InvalidToken', 400]);
  });

  test('is refused to sessions, to strangers and under a wrong signature', async () => {
    const { Credentials } = await sts().send(new GetSessionTokenCommand());
    const again = sts({ credentials: withSession(Credentials) }).send(new GetSessionTokenCommand());
    expect(await refusal(again)).toEqual(['AccessDenied', 403]);
    const stranger = { accessKeyId: 'SGAKNOBODY', secretAccessKey: 'a secret' };
    expect(await refusal(sts({ credentials: stranger }).send(new GetSessionTokenCommand()))).toEqual([
      'InvalidClientTokenId',
      403,
    ]);
    const thief = { ...gateway.credentials, secretAccessKey: 'another secret' };
    expect(await refusal(sts({ credentials: thief }).send(new GetSessionTokenCommand()))).toEqual([
      'SignatureDoesNotMatch',
      403,
    ]);
    const short = sts().send(new GetSessionTokenCommand({ DurationSeconds: 60 }));
    expect(await refusal(short)).toEqual(['ValidationError', 400]);
  });

  test('sessions end with the key they were made from', async () => {
    const made = await admin<{ accessKeyId: string; secretAccessKey: string }>(gateway, 'POST', '/proxy/credentials', {
      tenant,
    });
    const session = withSession((await sts({ credentials: made }).send(new GetSessionTokenCommand())).Credentials);
    const path = `/proxy/credentials/${made.accessKeyId}`;
    expect(await read(s3(session))).toBe('bytes');
    await admin(gateway, 'PUT', `${path}/policy`, { policy: READ_ONLY });
    expect(await refusal(write(s3(session)))).toEqual(['AccessDenied', 403]);
    await admin(gateway, 'PATCH', path, { state: 'disabled' });
    expect(await refusal(read(s3(session)))).toEqual(['InvalidAccessKeyId', 403]);
    await admin(gateway, 'PATCH', path, { state: 'active' });
    expect(await read(s3(session))).toBe('bytes');
    await admin(gateway, 'DELETE', path);
    expect(await refusal(read(s3(session)))).toEqual(['InvalidAccessKeyId', 403]);
  });
});

describe('AssumeRoleWithWebIdentity', () => {
  test('a token of a known issuer is exchanged for the rights of a role', async () => {
    const answer = await take(await issuer.token());
    expect(answer).toMatchObject({
      SubjectFromWebIdentityToken: 'repo:acme/site',
      Audience: 'sealgate',
      Provider: issuer.issuer,
      AssumedRoleUser: { Arn: `arn:aws:sts::${tenant}:assumed-role/reader/nightly` },
    });
    const session = withSession(answer.Credentials);
    expect(await read(s3(session))).toBe('bytes');
    expect(await refusal(write(s3(session)))).toEqual(['AccessDenied', 403]);
  });

  test('the policy of a session takes away and gives nothing', async () => {
    const statement = { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: '*' };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    const { Credentials, SessionTokenSize } = await take(await issuer.token(), { Policy });
    expect(SessionTokenSize).toBe(Credentials?.SessionToken?.length);
    const client = s3(withSession(Credentials));
    expect(await read(client)).toBe('bytes');
    expect(await refusal(client.send(new ListObjectsV2Command({ Bucket })))).toEqual(['AccessDenied', 403]);
    expect(await refusal(write(client))).toEqual(['AccessDenied', 403]);
    expect(await refusal(take(await issuer.token(), { Policy: '{' }))).toEqual([
      'MalformedPolicyDocumentException',
      400,
    ]);
  });

  test('bad tokens are refused, each as AWS does', async () => {
    const now = Math.floor(Date.now() / 1000);
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss: issuer.issuer, sub: 'repo:acme/x', aud: 'sealgate', iat: now, exp: now + 60 };
    const unsigned = `${encode({ alg: 'none', kid: 'one' })}.${encode(claims)}.`;
    const invalid = ['InvalidIdentityTokenException', 400];
    expect(await refusal(take(await issuer.forgedToken()))).toEqual(invalid);
    expect(await refusal(take(await issuer.token({ aud: 'another' })))).toEqual(invalid);
    expect(await refusal(take(await issuer.token({ iss: 'https://unknown.example' })))).toEqual(invalid);
    expect(await refusal(take(unsigned))).toEqual(invalid);
    expect(await refusal(take('not a token'))).toEqual(invalid);
    const old = await issuer.token({ iat: now - 7200, exp: now - 3600 });
    expect(await refusal(take(old))).toEqual(['ExpiredTokenException', 400]);
    expect(await refusal(take(await issuer.token({ sub: 'repo:evil/site' })))).toEqual(['AccessDenied', 403]);
    const RoleArn = `arn:aws:iam::${tenant}:role/no-such-role`;
    expect(await refusal(take(await issuer.token(), { RoleArn }))).toEqual(['AccessDenied', 403]);
  });

  test('an issuer that stalls is given up, and then not asked again for a while', async () => {
    const slow = await startOidcIssuer();
    try {
      slow.stall();
      await admin(gateway, 'PUT', '/admin/identity-providers/slow', { issuer: slow.issuer, audiences: ['sealgate'] });
      expect(await refusal(take(await slow.token()))).toEqual(['IDPCommunicationErrorException', 400]);
      expect(await refusal(take(await slow.token()))).toEqual(['IDPCommunicationErrorException', 400]);
      expect(await read(s3(withSession((await take(await issuer.token())).Credentials)))).toBe('bytes');
    } finally {
      await slow.close();
    }
  });

  test('sessions end with their role', async () => {
    const RoleArn = await putRole('short-lived');
    const session = withSession((await take(await issuer.token(), { RoleArn })).Credentials);
    expect(await read(s3(session))).toBe('bytes');
    await admin(gateway, 'DELETE', `/admin/tenants/${tenant}/roles/short-lived`);
    expect(await refusal(read(s3(session)))).toEqual(['InvalidAccessKeyId', 403]);
  });
});

test('AssumeRole is for the keys that a role names', async () => {
  const RoleArn = await putRole('operator', { trust: { accessKeyIds: [gateway.credentials.accessKeyId] } });
  const wish = { RoleArn, RoleSessionName: 'me', DurationSeconds: 900 };
  const session = withSession((await sts().send(new AssumeRoleCommand(wish))).Credentials);
  expect(await read(s3(session))).toBe('bytes');
  expect(await refusal(write(s3(session)))).toEqual(['AccessDenied', 403]);
  const named = sts().send(new AssumeRoleCommand({ ...wish, RoleArn: `arn:aws:iam::${tenant}:role/reader` }));
  expect(await refusal(named)).toEqual(['AccessDenied', 403]);
});

test('GetCallerIdentity says who signs', async () => {
  const me = await sts().send(new GetCallerIdentityCommand());
  expect(me).toMatchObject({ Account: tenant, Arn: `arn:aws:iam::${tenant}:user/${gateway.credentials.accessKeyId}` });
  const credentials = withSession((await take(await issuer.token())).Credentials);
  expect(await sts({ credentials }).send(new GetCallerIdentityCommand())).toMatchObject({
    Arn: `arn:aws:sts::${tenant}:assumed-role/reader/nightly`,
  });
});

test('what is neither STS nor S3 is refused in its own words', async () => {
  const post = async (body: string, type = 'application/x-www-form-urlencoded; charset=utf-8') => {
    const answer = await fetch(gateway.credentials.s3Endpoint, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
    return [answer.status, /<Code>(\w+)<\/Code>/.exec(await answer.text())?.[1]];
  };
  expect(await post('Action=ListRoles&Version=2010-05-08')).toEqual([400, 'InvalidAction']);
  expect(await post('Action=DecodeAuthorizationMessage&Version=2011-06-15')).toEqual([400, 'InvalidAction']);
  expect(await post('Version=2011-06-15')).toEqual([400, 'MissingAction']);
  expect(await post('Action=GetSessionToken&Version=2011-06-15')).toEqual([403, 'MissingAuthenticationToken']);
  expect(await post('a=%')).toEqual([400, 'ValidationError']);
  expect(await post(`Action=${'x'.repeat(200_000)}`)).toEqual([413, 'RequestEntityTooLarge']);
  expect(await post('<x/>', 'application/xml')).toEqual([405, 'MethodNotAllowed']);
});

test('the command line makes keys, bounds them, and keeps roles and identity providers', async () => {
  const cli = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await sealgate(gateway, args);
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: expect.any(String) as string });
    return stdout;
  };
  const file = (name: string, value: object): string => {
    writeFileSync(join(gateway.dataDir, name), JSON.stringify(value));
    return name;
  };
  const policy = file('read-only.json', READ_ONLY);
  const made = JSON.parse(await cli('credential', 'create', '--policy-file', policy, '--json')) as {
    accessKeyId: string;
    secretAccessKey: string;
  };
  expect(await read(s3(made))).toBe('bytes');
  expect(JSON.parse(await cli('credential', 'policy', made.accessKeyId))).toEqual(READ_ONLY);
  expect(await cli('credential', 'list')).toContain(made.accessKeyId);
  await cli('credential', 'disable', made.accessKeyId);
  expect(await refusal(read(s3(made)))).toEqual(['InvalidAccessKeyId', 403]);
  await cli('credential', 'enable', made.accessKeyId);
  await cli('credential', 'policy', made.accessKeyId, '--remove');
  await write(s3(made));
  await cli('credential', 'delete', made.accessKeyId);

  await cli('identity-provider', 'add', 'other', '--issuer', 'http://127.0.0.1:1/other', '--audience', 'a,b');
  expect(await cli('identity-provider', 'list')).toContain('http://127.0.0.1:1/other');
  await cli('identity-provider', 'delete', 'other');
  const webIdentities = [{ issuer: issuer.issuer, claims: { sub: ['repo:acme/*'] } }];
  await cli('role', 'apply', 'by-hand', file('role.json', { trust: { webIdentities }, policy: READ_ONLY }));
  expect(await cli('role', 'list')).toContain(`arn:aws:iam::${tenant}:role/by-hand`);
  expect(JSON.parse(await cli('role', 'show', 'by-hand', '--json'))).toMatchObject({ policy: READ_ONLY });
  await cli('role', 'delete', 'by-hand');
});
