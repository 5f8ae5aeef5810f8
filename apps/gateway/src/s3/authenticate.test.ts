import type { AccessKeyId } from '@sealgate/core/names';
import type { Credential } from '@sealgate/core/ports';
import { fakeClock } from '@sealgate/runtime/testing';
import { computeSignatureV2, presignUrl, type SignedRequest, signRequest } from '@sealgate/s3';
import { describe, expect, test } from 'vitest';
import { createAttempts, s3AttemptLimits } from '../net/attempts.ts';
import { fakeCaller, fakeTenant } from '../testing/s3-context.ts';
import { createAuthenticate } from './authenticate.ts';

const keys = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' };
const clock = fakeClock();
const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

function gate(settings: { readonly legacy?: boolean; readonly state?: 'active' | 'suspended' } = {}) {
  const tenant = fakeTenant('acme', {
    state: settings.state ?? 'active',
    settings: { objectOwnership: 'ObjectWriter', legacySignatures: settings.legacy ?? false, blockPublicAccess: false },
  });
  const caller = fakeCaller(tenant, { ...keys, accessKeyId: keys.accessKeyId as AccessKeyId });
  const credential: Credential | undefined = caller.kind === 'credential' ? caller.credential : undefined;
  const authenticate = createAuthenticate({
    metadata: { credential: (id) => Promise.resolve(id === keys.accessKeyId ? credential : undefined) },
    clock,
    region: 'us-east-1',
    baseDomains: ['s3.example'],
    attempts: createAttempts({ clock, limits: s3AttemptLimits }),
  });
  return {
    request: (request: SignedRequest) => authenticate.request(request, '192.0.2.1'),
    form: (fields: ReadonlyMap<string, string>) => authenticate.form(fields, '192.0.2.1'),
  };
}

const address = { method: 'GET', rawPath: '/bucket/key', rawQuery: '' };

function v4(): SignedRequest {
  const request = { ...address, headers: { host: 'h' }, payloadHash: 'UNSIGNED-PAYLOAD' };
  const { headers } = signRequest({ ...request, credentials: keys, region: 'us-east-1', nowMs: clock.now() });
  return { ...address, headers };
}

function v2(host = 'h'): SignedRequest {
  const date = new Date(clock.now()).toUTCString();
  const resource = host === 'h' ? address.rawPath : '/pictures/bucket/key';
  const signature = computeSignatureV2(keys.secretAccessKey, `GET\n\n\n\nx-amz-date:${date}\n${resource}`);
  return { ...address, headers: { host, 'x-amz-date': date, authorization: `AWS ${keys.accessKeyId}:${signature}` } };
}

function form(): ReadonlyMap<string, string> {
  const signature = computeSignatureV2(keys.secretAccessKey, 'cA==');
  return new Map(Object.entries({ awsaccesskeyid: keys.accessKeyId, policy: 'cA==', signature }));
}

describe('who sends a request', () => {
  test('by version 4, in headers and in a URL', async () => {
    const { caller, payload } = await gate().request(v4());
    expect(caller).toMatchObject({ kind: 'credential', signature: { version: 'AWS4-HMAC-SHA256', via: 'header' } });
    expect(payload).toEqual({ kind: 'unsigned' });
    const url = new URL(
      presignUrl({
        credentials: keys,
        region: 'us-east-1',
        nowMs: clock.now(),
        method: 'GET',
        origin: 'http://h',
        rawPath: address.rawPath,
        rawQuery: '',
        headers: {},
        expiresSeconds: 60,
      }),
    );
    const presigned = { ...address, rawQuery: url.search.slice(1), headers: { host: 'h' } };
    expect((await gate().request(presigned)).caller).toMatchObject({ signature: { via: 'query' } });
  });

  test('by version 2 only where the tenant asks for it', async () => {
    await expect(gate().request(v2())).rejects.toEqual(code('InvalidRequest'));
    await expect(gate().form(form())).rejects.toEqual(code('InvalidRequest'));
    const legacy = gate({ legacy: true });
    expect((await legacy.request(v2())).caller).toMatchObject({ signature: { version: 'AWS', via: 'header' } });
    expect((await legacy.request(v2('pictures.s3.example:9000'))).caller).toMatchObject({ kind: 'credential' });
    expect(await legacy.form(form())).toMatchObject({ signature: { version: 'AWS', via: 'post' } });
  });

  test('nobody', async () => {
    const { caller } = await gate().request({ ...address, headers: { host: 'h' } });
    expect(caller).toEqual({ kind: 'anonymous' });
    expect(await gate().form(new Map([['key', 'k']]))).toEqual({ kind: 'anonymous' });
  });

  test('a suspended tenant, an unknown key', async () => {
    const suspended = gate({ state: 'suspended', legacy: true });
    await expect(suspended.request(v4())).rejects.toEqual(code('AccountProblem'));
    await expect(suspended.request(v2())).rejects.toEqual(code('AccountProblem'));
    await expect(suspended.form(form())).rejects.toEqual(code('AccountProblem'));
    const unknown = { ...address, headers: { authorization: 'AWS AKIAIOSFODNN7OTHERSX:x' } };
    await expect(gate().request(unknown)).rejects.toEqual(code('InvalidAccessKeyId'));
  });

  test('is asked for in vain after many wrong signatures, but not where the key is in use', async () => {
    const attempts = createAttempts({ clock, limits: { ...s3AttemptLimits, addressFailuresMax: 3 } });
    const caller = fakeCaller(fakeTenant('acme'), { ...keys, accessKeyId: keys.accessKeyId as AccessKeyId });
    const credential = caller.kind === 'credential' ? caller.credential : undefined;
    const authenticate = createAuthenticate({
      metadata: { credential: (id) => Promise.resolve(id === keys.accessKeyId ? credential : undefined) },
      clock,
      region: 'us-east-1',
      baseDomains: [],
      attempts,
    });
    const wrong = (accessKeyId: string): SignedRequest => {
      const request = { ...address, headers: { host: 'h' }, payloadHash: 'UNSIGNED-PAYLOAD' };
      const credentials = { accessKeyId, secretAccessKey: 'a guess' };
      return {
        ...address,
        headers: signRequest({ ...request, credentials, region: 'us-east-1', nowMs: clock.now() }).headers,
      };
    };
    await authenticate.request(v4(), '192.0.2.7');
    for (const id of [keys.accessKeyId, 'SGAKNOBODY', 'SGAKNOBODY']) {
      await expect(authenticate.request(wrong(id), '192.0.2.1')).rejects.toThrow(/does not/);
    }
    await expect(authenticate.request(v4(), '192.0.2.1')).rejects.toEqual(code('TooManyRequests'));
    for (let i = 0; i < 3; i += 1) {
      await expect(authenticate.request(wrong('SGAKNOBODY'), '192.0.2.7')).rejects.toEqual(code('InvalidAccessKeyId'));
    }
    expect((await authenticate.request(v4(), '192.0.2.7')).caller.kind).toBe('credential');
  });
});
