import type { IncomingMessage, ServerResponse } from 'node:http';
import { formatAcl, formatOwnership } from '@sealgate/core/access';
import { Fault } from '@sealgate/core/faults';
import { type BucketName, parseObjectKey } from '@sealgate/core/names';
import type { ObjectOwnership } from '@sealgate/core/ports';
import { fakeClock, settle } from '@sealgate/runtime/testing';
import { bucketOperations, objectOperations, parseQuery, type S3Operation, serviceOperations } from '@sealgate/s3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReadBucketAccess } from '../s3/access/bucket-access.ts';
import { createPolicies } from '../s3/access/policies.ts';
import type { FinishedRequest } from '../s3/observer.ts';
import { fakeBucket, fakeCaller, fakeTenant } from '../testing/s3-context.ts';
import { createAccessLog } from './access-log.ts';
import { cannotTakeLogs, type LogObject } from './delivery.ts';
import { LOG_OBJECT_BYTES, LOG_WAITING_BYTES_MAX } from './limits.ts';
import { logKey } from './log-key.ts';
import { logOperation } from './operation-name.ts';
import { mayDeliver } from './permission.ts';
import { partRecord, requestRecord } from './record.ts';
import type { StoredLogging } from './stored-logging.ts';

const tenant = fakeTenant('acme');
const logging: StoredLogging = {
  targetBucket: 'logs' as BucketName,
  targetPrefix: 'log/',
  grants: [],
  keyFormat: { kind: 'simple' },
  acl: null,
};
const source = fakeBucket(tenant, 'photos', { logging: JSON.stringify(logging) });
const AT = Date.UTC(2026, 1, 6, 0, 0, 38);

const operation: S3Operation = {
  level: 'object',
  name: 'GetObject',
  bucket: source.name,
  key: parseObjectKey('a dir/ü.jpg'),
  query: parseQuery(''),
};

interface Changes extends Partial<Omit<FinishedRequest, 'request' | 'response'>> {
  readonly request?: object;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly status?: number;
}

function finished({ request = {}, headers = {}, status = 200, ...rest }: Changes = {}): FinishedRequest {
  const asked = {
    method: 'GET',
    url: '/photos/a%20dir/%C3%BC.jpg?x=1',
    httpVersion: '1.1',
    headers: { host: 'photos.example', 'user-agent': 'test/1' },
    socket: { remoteAddress: '::ffff:192.0.2.3' },
    ...request,
  };
  const given: Readonly<Record<string, string | number>> = { 'content-length': 5, ...headers };
  return {
    request: asked as unknown as IncomingMessage,
    response: { statusCode: status, getHeader: (name: string) => given[name] } as unknown as ServerResponse,
    requestId: 'REQ',
    hostId: 'HOST',
    endedAtMs: AT + 7,
    durationMs: 7.4,
    operation,
    caller: fakeCaller(tenant),
    bucket: source,
    fault: undefined,
    parts: [],
    ...rest,
  };
}

/** The fields of a record, as a reader of logs splits it. */
function fieldsOf(record: string): string[] {
  return [...record.matchAll(/\[[^\]]*\]|"[^"]*"|\S+/g)].map(([field]) => field);
}

const record = (changes: Changes = {}) => requestRecord({ ...finished(changes), bucket: source });

describe('a record', () => {
  it('has the fields of the documented format, in its order', () => {
    expect(fieldsOf(record())).toEqual([
      'acme-owner',
      'photos',
      '[06/Feb/2026:00:00:37 +0000]',
      '192.0.2.3',
      'acme-owner',
      'REQ',
      'REST.GET.OBJECT',
      'a%20dir/%C3%BC.jpg',
      '"GET /photos/a%20dir/%C3%BC.jpg?x=1 HTTP/1.1"',
      '200',
      '-',
      '5',
      '5',
      '7',
      '-',
      '"-"',
      '"test/1"',
      '-',
      'HOST',
      'SigV4',
      '-',
      'AuthHeader',
      'photos.example',
      '-',
      '-',
      '-',
    ]);
  });

  it('tells of refusals, ranges, versions, strangers and TLS', () => {
    const refused = fieldsOf(record({ fault: new Fault('NoLegalPlacement', 'x'), status: 503 }));
    expect([refused[9], refused[10], refused[12]]).toEqual(['503', 'ServiceUnavailable', '-']);
    const range = fieldsOf(record({ headers: { 'content-range': 'bytes 0-4/900', 'x-amz-version-id': 'v1' } }));
    expect([range[11], range[12], range[17]]).toEqual(['5', '900', 'v1']);
    const socket = { encrypted: true, getProtocol: () => 'TLSv1.3', getCipher: () => ({ name: 'CIPHER' }) };
    const stranger = fieldsOf(record({ caller: { kind: 'anonymous' }, request: { socket } }));
    expect([stranger[3], stranger[4], stranger[19], stranger[20], stranger[21], stranger[23]]).toEqual([
      '-',
      '-',
      '-',
      'CIPHER',
      '-',
      'TLSv1.3',
    ]);
    const head = fieldsOf(record({ request: { method: 'HEAD' } }));
    expect([head[11], head[12]]).toEqual(['-', '5']);
  });

  it('keeps no signature that still opens something', () => {
    const url = '/photos/k?X-Amz-Signature=abcdef&X-Amz-Security-Token=secret&x=1&Signature=v2';
    expect(record({ request: { url } })).toContain(
      '"GET /photos/k?X-Amz-Signature=-&X-Amz-Security-Token=-&x=1&Signature=- ',
    );
  });

  it('of a part of a request is about its object', () => {
    const part = { what: 'deleted', bucket: source, key: 'a b', versionId: 'v', fault: undefined } as const;
    const one = fieldsOf(partRecord(finished(), part));
    expect([one[6], one[7], one[9], one[17]]).toEqual(['BATCH.DELETE.OBJECT', 'a%20b', '204', 'v']);
    const fault = new Fault('AccessDenied', 'x');
    expect(fieldsOf(partRecord(finished(), { ...part, what: 'copied-from', fault })).slice(6, 11)).toEqual([
      'REST.COPY.OBJECT_GET',
      'a%20b',
      '"GET /photos/a%20dir/%C3%BC.jpg?x=1 HTTP/1.1"',
      '403',
      'AccessDenied',
    ]);
  });

  it('property: nothing that a client sends ends a field or a line', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }),
        (agent, referer, key) => {
          const name = { ...operation, key: key as typeof operation.key };
          const one = record({ operation: name, request: { headers: { host: 'h', 'user-agent': agent, referer } } });
          expect(one).not.toMatch(/[\r\n]/);
          expect(fieldsOf(one)).toHaveLength(26);
        },
      ),
    );
  });

  it('names every operation in one word', () => {
    for (const name of [...serviceOperations, ...bucketOperations, ...objectOperations]) {
      expect(logOperation(name, 'GET')).toMatch(/^(REST)\.[A-Z]+\.[A-Z0-9_]+$/);
    }
    expect(logOperation('PutBucketCors', 'PUT')).toBe('REST.PUT.CORS');
    expect(logOperation('GetBucketNotificationConfiguration', 'GET')).toBe('REST.GET.NOTIFICATION');
    expect(logOperation('HeadBucket', 'HEAD')).toBe('REST.HEAD.BUCKET');
    expect(logOperation('PutObjectTagging', 'PUT')).toBe('REST.PUT.OBJECT_TAGGING');
    expect(logOperation('GetPublicAccessBlock', 'GET')).toBe('REST.GET.PUBLIC_ACCESS_BLOCK');
  });
});

describe('keys of log objects', () => {
  const at = { atMs: AT, eventDayMs: Date.UTC(2026, 1, 5), unique: 'U' };
  it.each([
    [{ kind: 'simple' }, 'log/2026-02-06-00-00-38-U'],
    [
      { kind: 'partitioned', dateSource: 'DeliveryTime' },
      'log/acme-owner/us-east-1/photos/2026/02/06/2026-02-06-00-00-38-U',
    ],
    [
      { kind: 'partitioned', dateSource: 'EventTime' },
      'log/acme-owner/us-east-1/photos/2026/02/05/2026-02-05-00-00-00-U',
    ],
  ] as const)('%j', (keyFormat, key) => {
    expect(logKey({ targetPrefix: 'log/', keyFormat }, source, at)).toBe(key);
  });
});

describe('who may write logs', () => {
  const statement = (changes: object = {}) => ({
    Effect: 'Allow',
    Principal: { Service: 'logging.s3.amazonaws.com' },
    Action: 's3:PutObject',
    Resource: 'arn:aws:s3:::logs/*',
    ...changes,
  });
  const may = (...statements: object[]) => {
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
    const target = fakeBucket(tenant, 'logs', statements.length === 0 ? {} : { policy });
    const place = { prefix: 'log/', key: 'log/2026' };
    return mayDeliver(createReadBucketAccess(createPolicies()), { source, target }, place);
  };

  it('is for the policy of the target to say', () => {
    expect(may()).toBe(false);
    expect(may(statement())).toBe(true);
    expect(may(statement({ Resource: 'arn:aws:s3:::logs/log/' }))).toBe(true);
    expect(may(statement({ Resource: 'arn:aws:s3:::logs/other/*' }))).toBe(false);
    expect(may(statement({ Principal: { Service: 'config.amazonaws.com' } }))).toBe(false);
    expect(may(statement({ Action: 's3:GetObject' }))).toBe(false);
    expect(may(statement({ Principal: '*' }))).toBe(false);
    expect(may(statement(), statement({ Effect: 'Deny', Principal: '*' }))).toBe(false);
    const deny = statement({ Effect: 'Deny', Resource: 'arn:aws:s3:::logs/log/2026' });
    expect(may(statement(), deny)).toBe(false);
  });

  it('goes by the bucket and the account that is logged', () => {
    const when = (arn: string, account: string) =>
      may(
        statement({ Condition: { ArnLike: { 'aws:SourceArn': arn }, StringEquals: { 'aws:SourceAccount': account } } }),
      );
    expect(when('arn:aws:s3:::photos', 'acme')).toBe(true);
    expect(when('arn:aws:s3:::*', 'acme-owner')).toBe(true);
    expect(when('arn:aws:s3:::other', 'acme')).toBe(false);
    expect(when('arn:aws:s3:::photos', 'other')).toBe(false);
  });

  it('is for its list to say, where lists count', () => {
    const acl = formatAcl({ grants: [{ grantee: { kind: 'group', group: 'LogDelivery' }, permission: 'WRITE' }] });
    const may = (ownership: ObjectOwnership) =>
      mayDeliver(
        createReadBucketAccess(createPolicies()),
        { source, target: fakeBucket(tenant, 'logs', { acl, ownership: formatOwnership(ownership) }) },
        { prefix: 'log/', key: 'log/2026' },
      );
    expect([may('ObjectWriter'), may('BucketOwnerEnforced')]).toEqual([true, false]);
  });

  it('does not help a bucket that cannot take them', () => {
    const target = fakeBucket(tenant, 'logs');
    expect(cannotTakeLogs(source, target)).toBeUndefined();
    for (const bad of [
      fakeBucket(fakeTenant('other'), 'logs'),
      { ...target, region: 'elsewhere' },
      { ...target, encryption: 'required' as const },
      fakeBucket(tenant, 'logs', { 'request-payment': 'Requester' }),
      fakeBucket(tenant, 'logs', { 'object-lock': '{}' }),
    ]) {
      expect(cannotTakeLogs(source, bad)).toEqual(expect.any(String));
    }
  });
});

describe('the log', () => {
  function setUp(deliver: (object: LogObject, tries: number) => Promise<void> = () => Promise.resolve()) {
    const clock = fakeClock();
    const objects: LogObject[] = [];
    const told: string[] = [];
    let tries = 0;
    const log = createAccessLog({
      deliver: async (object) => {
        tries += 1;
        await deliver(object, tries);
        objects.push(object);
      },
      clock,
      logger: { warn: () => undefined },
      events: {
        delivered: (records) => void told.push(`delivered ${records}`),
        lost: (records, reason) => void told.push(`lost ${records} ${reason}`),
      },
      flushMs: 60_000,
    });
    return { clock, objects, told, log };
  }

  it('keeps nothing of buckets without one', async () => {
    const { clock, log, objects } = setUp();
    log.observe(finished({ bucket: fakeBucket(tenant, 'photos') }));
    log.observe(finished({ bucket: undefined }));
    clock.advance(60_000);
    await settle();
    expect(objects).toEqual([]);
  });

  it('writes what is old enough, or enough', async () => {
    const { clock, log, objects, told } = setUp();
    log.observe(finished());
    clock.advance(59_999);
    log.observe(finished());
    expect(objects).toEqual([]);
    clock.advance(1);
    await settle();
    expect(objects[0]?.text).toBe(`${record()}\n${record()}\n`);
    const count = Math.ceil(LOG_OBJECT_BYTES / (record().length + 1));
    for (let i = 0; i < count; i += 1) log.observe(finished());
    await settle();
    expect(told).toEqual(['delivered 2', `delivered ${count}`]);
  });

  it('keeps days and configurations apart', async () => {
    const { log, objects } = setUp();
    log.observe(finished());
    log.observe(finished({ endedAtMs: AT + 24 * 60 * 60 * 1000 }));
    const other = { ...logging, targetPrefix: 'x/' };
    log.observe(finished({ bucket: fakeBucket(tenant, 'photos', { logging: JSON.stringify(other) }) }));
    await log.close();
    expect(objects.map(({ eventDayMs, logging: { targetPrefix } }) => `${eventDayMs} ${targetPrefix}`)).toEqual([
      `${Date.UTC(2026, 1, 6)} log/`,
      `${Date.UTC(2026, 1, 7)} log/`,
      `${Date.UTC(2026, 1, 6)} x/`,
    ]);
  });

  it('tells of who failed to sign, once the bucket is known', async () => {
    const { log, objects } = setUp();
    const failed = finished({ bucket: undefined, caller: undefined, fault: new Fault('SignatureDoesNotMatch', 'x') });
    log.observe(failed);
    log.observe(finished());
    log.observe(failed);
    await log.close();
    expect(objects[0]?.text.split('\n').map((line) => fieldsOf(line)[10])).toEqual([
      '-',
      'SignatureDoesNotMatch',
      undefined,
    ]);
  });

  it('tries again, and says what is lost in the end', async () => {
    const { clock, log, told } = setUp((_object, tries) =>
      tries < 3 ? Promise.reject(new Error('down')) : Promise.resolve(),
    );
    log.observe(finished());
    clock.advance(60_000);
    for (const waitMs of [2000, 4000]) {
      await settle();
      clock.advance(waitMs);
    }
    await settle();
    expect(told).toEqual(['delivered 1']);
    const never = setUp(() => Promise.reject(new Error('down')));
    never.log.observe(finished());
    await never.log.close();
    expect(never.told).toEqual(['lost 1 undeliverable']);
  });

  it('does not let a target that hangs fill the memory', async () => {
    const { log, told } = setUp(() => new Promise(() => undefined));
    const big = finished({ request: { headers: { 'user-agent': 'x'.repeat(2000) } } });
    const bytes = requestRecord({ ...big, bucket: source }).length + 1;
    for (let i = 0; i < LOG_WAITING_BYTES_MAX / bytes + 2; i += 1) log.observe(big);
    await settle();
    expect(told.length).toBeGreaterThan(0);
    expect(new Set(told)).toEqual(new Set(['lost 1 full']));
  });
});
