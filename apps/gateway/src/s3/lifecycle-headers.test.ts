import type { ServerResponse } from 'node:http';
import { type LifecycleRule, writeLifecycleDocument } from '@sealgate/core/lifecycle';
import { parseObjectKey } from '@sealgate/core/names';
import { describe, expect, it } from 'vitest';
import { createLifecycleDocuments } from './lifecycle-documents.ts';
import { setAbortion, setExpiration } from './lifecycle-headers.ts';

const KEY = parseObjectKey('logs/a');
const MADE = Date.UTC(2026, 0, 15, 10, 30);
const version = { key: KEY, bytes: 1, tags: null, modifiedAtMs: MADE };

function bucketWith(changes: Partial<LifecycleRule>) {
  const rule: LifecycleRule = {
    id: 'a "rule", é',
    enabled: true,
    legacyPrefix: false,
    filter: { prefix: 'logs/', tags: [], sizeGreaterThan: null, sizeLessThan: null },
    expiration: null,
    noncurrentExpiration: null,
    transitions: [],
    noncurrentTransitions: [],
    abortUploadDays: null,
    ...changes,
  };
  const lifecycle = writeLifecycleDocument({ rules: [rule], transitionMinimum: 'varies_by_storage_class' });
  return { configs: { lifecycle } };
}

function answer() {
  const headers: Record<string, unknown> = {};
  const response = { setHeader: (name: string, value: unknown) => void (headers[name] = value) };
  return {
    headers,
    context: { response: response as unknown as ServerResponse, lifecycles: createLifecycleDocuments() },
  };
}

describe('what a lifecycle announces', () => {
  it('is the midnight and the rule, its id encoded', () => {
    const { headers, context } = answer();
    setExpiration(context, bucketWith({ expiration: { kind: 'days', days: 3 } }), version);
    expect(headers).toEqual({
      'x-amz-expiration': 'expiry-date="Mon, 19 Jan 2026 00:00:00 GMT", rule-id="a%20%22rule%22%2C%20%C3%A9"',
    });
    const upload = answer();
    setAbortion(upload.context, bucketWith({ abortUploadDays: 1 }), { key: KEY, createdAtMs: MADE });
    expect(upload.headers['x-amz-abort-date']).toBe('Sat, 17 Jan 2026 00:00:00 GMT');
    expect(upload.headers['x-amz-abort-rule-id']).toBe('a%20%22rule%22%2C%20%C3%A9');
  });

  it('is nothing without a rule for the key, and for delete markers', () => {
    const { headers, context } = answer();
    setExpiration(context, { configs: {} }, version);
    setAbortion(context, { configs: {} }, { key: KEY, createdAtMs: MADE });
    setExpiration(context, bucketWith({ expiration: { kind: 'marker', remove: true } }), version);
    const other = { ...version, key: parseObjectKey('other') };
    setExpiration(context, bucketWith({ expiration: { kind: 'days', days: 3 } }), other);
    expect(headers).toEqual({});
  });

  it('is read once for each text', () => {
    const documents = createLifecycleDocuments();
    const bucket = bucketWith({ abortUploadDays: 1 });
    expect(documents.of(bucket)).toBe(documents.of({ configs: { ...bucket.configs } }));
    expect(() => documents.of({ configs: { lifecycle: '{}' } })).toThrow(
      expect.objectContaining({ code: 'InternalError' }),
    );
  });
});
