import { Fault, isFault } from '@sealgate/core/faults';
import type { WebIdentity } from '@sealgate/core/federation';
import { type AccessKeyId, parseAccessKeyId } from '@sealgate/core/names';
import type { AuditActor, Credential, NewRole, Tenant } from '@sealgate/core/ports';
import { parseQueryApiCall, parseStsRequest, parseXml } from '@sealgate/s3';
import { createVirtualClock, type VirtualClock } from '@sealgate/testkit';
import { createMemoryMetadata, type MemoryMetadata } from '@sealgate/testkit/metadata-memory';
import { beforeEach, describe, expect, it } from 'vitest';
import { createSts, type PerformSts } from './actions.ts';
import { createSessionIssuer } from './sessions.ts';

const actor: AuditActor = { kind: 'admin', id: 'test', requestId: '' };
const ISSUER = 'https://token.example';
const READ_ONLY = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}';

describe('STS', () => {
  let clock: VirtualClock;
  let metadata: MemoryMetadata;
  let perform: PerformSts;
  let acme: Tenant;
  let made: number;
  let identity: WebIdentity;

  beforeEach(async () => {
    clock = createVirtualClock();
    metadata = createMemoryMetadata({ clock });
    made = 0;
    const random = (bytes: number) => {
      made += 1;
      return new Uint8Array(bytes).fill(made);
    };
    identity = { issuer: ISSUER, subject: 'repo:acme/site', audiences: ['sts'], claims: { sub: 'repo:acme/site' } };
    perform = createSts({
      metadata,
      issue: createSessionIssuer({ metadata, clock, random }),
      verify: async (token) => {
        if (token !== 'good') throw new Fault('InvalidIdentityToken', 'It is not good.');
        return identity;
      },
    });
    acme = await tenant('acme');
  });

  const tenant = (name: string) =>
    metadata.createTenant(
      { name, displayName: name, email: null, namespace: 'default', defaultEncryption: 'off', policyName: null },
      actor,
    );

  async function key(owner: Tenant, id: string, expiresAtMs: number | null = null): Promise<Credential> {
    const pair = { accessKeyId: parseAccessKeyId(id), secretAccessKey: 'a secret' };
    return metadata.createCredential({ ...pair, tenantId: owner.id, expiresAtMs, description: null }, actor);
  }

  function role(changes: Partial<NewRole> = {}) {
    const webIdentities = [{ issuer: ISSUER, audiences: [], claims: { sub: ['repo:acme/*'] } }];
    return metadata.putRole(
      {
        tenantId: acme.id,
        name: 'backup',
        trust: { webIdentities, accessKeyIds: [] },
        policy: READ_ONLY,
        sessionSecondsMax: 7200,
        description: null,
        ...changes,
      },
      actor,
    );
  }

  /** What a call answers, leaf by leaf. */
  async function call(fields: Record<string, string>, caller?: Credential): Promise<Record<string, string>> {
    const form = new URLSearchParams({ Version: '2011-06-15', ...fields }).toString();
    const request = parseStsRequest(parseQueryApiCall(form));
    const text = await perform(request, { caller, requestId: 'ID', remoteAddress: undefined });
    const leaves: Record<string, string> = {};
    const collect = (element: ReturnType<typeof parseXml>): void => {
      if (element.children.length === 0) leaves[element.name] = element.text;
      for (const child of element.children) collect(child);
    };
    collect(parseXml(text, `${fields['Action'] ?? ''}Response`));
    return leaves;
  }

  const refusal = async (fields: Record<string, string>, caller?: Credential): Promise<string> => {
    const error: unknown = await call(fields, caller).catch((thrown: unknown) => thrown);
    return isFault(error) ? error.code : `no fault: ${JSON.stringify(error)}`;
  };

  const session = async (answer: Record<string, string>): Promise<Credential | undefined> =>
    metadata.credential(answer['AccessKeyId'] as AccessKeyId);

  describe('GetSessionToken', () => {
    it('gives temporary credentials of a static key', async () => {
      const caller = await key(acme, 'SGAKMAIN');
      const answer = await call({ Action: 'GetSessionToken', DurationSeconds: '900' }, caller);
      expect(answer['AccessKeyId']).toMatch(/^SGTK[A-Z2-9]{16}$/);
      expect(answer['Expiration']).toBe(new Date(clock.now() + 900_000).toISOString().replace('.000', ''));
      expect(await session(answer)).toMatchObject({
        kind: 'session',
        parent: 'SGAKMAIN',
        secretAccessKey: answer['SecretAccessKey'],
        sessionToken: answer['SessionToken'],
        expiresAtMs: clock.now() + 900_000,
      });
    });

    it('ends no later than the key itself', async () => {
      const caller = await key(acme, 'SGAKSHORT', clock.now() + 60_000);
      expect(await session(await call({ Action: 'GetSessionToken' }, caller))).toMatchObject({
        expiresAtMs: clock.now() + 60_000,
      });
    });

    it('is for signed calls of static keys only', async () => {
      expect(await refusal({ Action: 'GetSessionToken' })).toBe('NotAuthenticated');
      const temporary = await session(await call({ Action: 'GetSessionToken' }, await key(acme, 'SGAKMAIN')));
      expect(await refusal({ Action: 'GetSessionToken' }, temporary)).toBe('AccessDenied');
    });

    it('is refused when the key has just gone', async () => {
      const caller = await key(acme, 'SGAKGONE');
      await metadata.deleteCredential(caller.accessKeyId, actor);
      expect(await refusal({ Action: 'GetSessionToken' }, caller)).toBe('AccessDenied');
    });
  });

  describe('AssumeRoleWithWebIdentity', () => {
    const wish = {
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: 'arn:aws:iam::acme:role/backup',
      RoleSessionName: 'nightly',
      WebIdentityToken: 'good',
    };

    it('gives the rights of the role to whom it trusts', async () => {
      await role();
      const answer = await call(wish);
      expect(answer).toMatchObject({
        SubjectFromWebIdentityToken: 'repo:acme/site',
        Audience: 'sts',
        Provider: ISSUER,
        Arn: 'arn:aws:sts::acme:assumed-role/backup/nightly',
        AssumedRoleId: 'backup:nightly',
      });
      expect(answer).not.toHaveProperty('PackedPolicySize');
      expect(await session(answer)).toMatchObject({
        policy: READ_ONLY,
        sessionPolicy: null,
        parent: 'role/backup/nightly',
        expiresAtMs: clock.now() + 3600_000,
        description: `${ISSUER} repo:acme/site`,
      });
    });

    it('knows the tenant by its id too', async () => {
      await role();
      expect(await call({ ...wish, RoleArn: `arn:aws:iam::${acme.id}:role/backup` })).toHaveProperty('SessionToken');
    });

    it('bounds a session further by its own policy, which must be one', async () => {
      await role();
      const answer = await call({ ...wish, Policy: READ_ONLY });
      expect(await session(answer)).toMatchObject({ sessionPolicy: READ_ONLY });
      expect(answer['PackedPolicySize']).toBe('5');
      expect(await refusal({ ...wish, Policy: '{"Statement": "all"}' })).toBe('MalformedPolicy');
    });

    it('lasts as long as is asked for and the role allows', async () => {
      await role({ sessionSecondsMax: 1800 });
      expect(await session(await call(wish))).toMatchObject({ expiresAtMs: clock.now() + 1800_000 });
      expect(await session(await call({ ...wish, DurationSeconds: '900' }))).toMatchObject({
        expiresAtMs: clock.now() + 900_000,
      });
      expect(await refusal({ ...wish, DurationSeconds: '1801' })).toBe('ValidationFailed');
    });

    it('refuses a bad token before it says anything of roles', async () => {
      expect(await refusal({ ...wish, WebIdentityToken: 'forged' })).toBe('InvalidIdentityToken');
    });

    it('refuses alike: no role, no tenant, a suspended one, no trust', async () => {
      await role();
      expect(await refusal({ ...wish, RoleArn: 'arn:aws:iam::acme:role/other' })).toBe('AccessDenied');
      expect(await refusal({ ...wish, RoleArn: 'arn:aws:iam::nobody:role/backup' })).toBe('AccessDenied');
      identity = { ...identity, claims: { sub: 'repo:evil/site' } };
      expect(await refusal(wish)).toBe('AccessDenied');
      identity = { ...identity, claims: { sub: 'repo:acme/site' } };
      await metadata.updateTenant(acme.id, { state: 'suspended' }, actor);
      expect(await refusal(wish)).toBe('AccessDenied');
    });
  });

  describe('AssumeRole', () => {
    const wish = { Action: 'AssumeRole', RoleArn: 'arn:aws:iam::acme:role/backup', RoleSessionName: 'me' };

    it('is for keys of the tenant that the role names', async () => {
      const caller = await key(acme, 'SGAKMAIN');
      await role({ trust: { webIdentities: [], accessKeyIds: [caller.accessKeyId] } });
      const answer = await call(wish, caller);
      expect(await session(answer)).toMatchObject({ policy: READ_ONLY, description: 'SGAKMAIN' });
      expect(await refusal(wish, await key(acme, 'SGAKOTHER'))).toBe('AccessDenied');
      expect(await refusal(wish)).toBe('NotAuthenticated');
      const temporary = await session(await call({ Action: 'GetSessionToken' }, caller));
      expect(await refusal(wish, temporary)).toBe('AccessDenied');
    });

    it('crosses no tenants', async () => {
      const foreign = await key(await tenant('other'), 'SGAKFOREIGN');
      await role({ trust: { webIdentities: [], accessKeyIds: [foreign.accessKeyId] } });
      expect(await refusal(wish, foreign)).toBe('AccessDenied');
    });
  });

  it('says who calls', async () => {
    const caller = await key(acme, 'SGAKMAIN');
    const user = { Arn: 'arn:aws:iam::acme:user/SGAKMAIN', UserId: 'SGAKMAIN', Account: 'acme' };
    expect(await call({ Action: 'GetCallerIdentity' }, caller)).toMatchObject(user);
    const temporary = await session(await call({ Action: 'GetSessionToken' }, caller));
    expect(await call({ Action: 'GetCallerIdentity' }, temporary)).toMatchObject(user);
    const from = { kind: 'role', roleId: (await role()).id, sessionName: 'x' } as const;
    const pair = { accessKeyId: parseAccessKeyId('SGTKROLE'), secretAccessKey: 's', sessionToken: 't' };
    const facts = { tenantId: acme.id, expiresAtMs: clock.now() + 1000, policy: null, description: null };
    expect(
      await call({ Action: 'GetCallerIdentity' }, await metadata.createSession({ ...pair, ...facts, from }, actor)),
    ).toMatchObject({ Arn: 'arn:aws:sts::acme:assumed-role/backup/x', UserId: 'backup:x' });
    expect(await refusal({ Action: 'GetCallerIdentity' })).toBe('NotAuthenticated');
  });
});
