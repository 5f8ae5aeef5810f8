// Signature Version 4 as its specification says, apart from the gateway's own code.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
import { createHash, createHmac } from 'node:crypto';

export interface SignedCall {
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly region: string;
  readonly service: 's3' | 'sealgate';
  readonly method: string;
  readonly url: Pick<URL, 'host' | 'pathname' | 'search'>;
  readonly body?: string | Buffer;
  /** Signed too, by their lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
}

const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** The headers that sign a call: all but `host`, which fetch sends by itself. */
export function signatureHeaders({
  keys,
  region,
  service,
  method,
  url,
  body = '',
  headers: others = {},
}: SignedCall): Record<string, string> {
  const date = new Date().toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const [day, payload] = [date.slice(0, 8), sha256(body)];
  const all = { ...others, host: url.host, 'x-amz-content-sha256': payload, 'x-amz-date': date };
  const sorted = Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = sorted.map(([name]) => name).join(';');
  const headers = sorted.map(([name, value]) => `${name}:${value.trim()}\n`).join('');
  const query = url.search.slice(1).split('&').sort().join('&');
  const canonical = [method, url.pathname, query, headers, names, payload].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${keys.secretAccessKey}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')).toString('hex');
  return {
    ...others,
    'x-amz-content-sha256': payload,
    'x-amz-date': date,
    authorization: `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}
