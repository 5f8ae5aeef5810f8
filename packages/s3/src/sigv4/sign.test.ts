import { describe, expect, test } from 'vitest';
import { presignUrl as presignInBrowser, signRequest as signInBrowser } from '../browser/index.ts';
import { presignUrl, signRequest } from './sign.ts';
import { createSigningKeyCache } from './signing-keys.ts';
import vectors from './vectors/aws-examples.json' with { type: 'json' };

const base = {
  credentials: { accessKeyId: vectors.accessKeyId, secretAccessKey: vectors.secretAccessKey },
  region: vectors.region,
  nowMs: Date.parse(vectors.time),
};

function toSign(example: (typeof vectors.header)[number]): Parameters<typeof signRequest>[0] {
  const headers = example.headers as unknown as Record<string, string>;
  return { ...base, ...example, headers };
}

describe('the examples that AWS publishes', () => {
  test.each(vectors.header)('$name', async (example) => {
    const request = toSign(example);
    const signed = signRequest(request, { signingKeys: createSigningKeyCache() });
    expect(signed.headers.authorization).toMatch(new RegExp(`Signature=${example.signature}$`));
    expect(signed.chunkSigning.seedSignature).toBe(example.signature);
    expect(await signInBrowser(request)).toEqual(signed.headers);
  });

  test('presigned URL', async () => {
    const { signature, ...example } = vectors.presigned;
    const url = presignUrl({ ...base, ...example });
    expect(new URL(url).searchParams.get('X-Amz-Signature')).toBe(signature);
    expect(await presignInBrowser({ ...base, ...example })).toBe(url);
  });
});

test('what proxies change is not signed', () => {
  const headers = { host: 'h', 'user-agent': 'u', 'accept-encoding': 'gzip', connection: 'close', 'x-amz-meta-a': '1' };
  const { authorization } = signRequest({
    ...base,
    method: 'GET',
    rawPath: '/',
    rawQuery: '',
    headers,
    payloadHash: 'UNSIGNED-PAYLOAD',
  }).headers;
  expect(authorization).toContain('SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-a,');
});
