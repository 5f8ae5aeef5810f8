import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AllowedRanges, createEndpointGuard } from './endpoint-guard.ts';

const none: AllowedRanges = { privateRanges: false, cidrs: [] };
const all: AllowedRanges = { privateRanges: true, cidrs: [] };
const naming = (...cidrs: string[]): AllowedRanges => ({ privateRanges: false, cidrs });

async function ruleOf(endpoint: string, allowed: AllowedRanges, addresses?: readonly string[]): Promise<string> {
  const guard = createEndpointGuard(allowed, () => Promise.resolve(addresses ?? []));
  try {
    await guard.check(endpoint);
    return 'ok';
  } catch (error) {
    if (isFault(error, 'EndpointRefused')) return error.rule ?? 'no rule';
    throw error;
  }
}

describe('check', () => {
  it.each([
    ['https://s3.example.com', ['203.0.114.7'], 'ok'],
    ['https://s3.example.com:8443', ['2a01:4f8::1'], 'ok'],
    ['http://s3.example.com', ['203.0.114.7'], 'endpoint.https'],
    ['ftp://s3.example.com', ['203.0.114.7'], 'endpoint.https'],
    ['s3.example.com', [], 'endpoint.url'],
    ['https://user:pw@s3.example.com', ['203.0.114.7'], 'endpoint.url'],
    ['https://s3.example.com/path', ['203.0.114.7'], 'endpoint.url'],
    ['https://s3.example.com/?x=1', ['203.0.114.7'], 'endpoint.url'],
    ['https://nowhere.example.com', [], 'endpoint.address'],
  ])('%s on %j: %s', async (endpoint, addresses, rule) => {
    expect(await ruleOf(endpoint, none, addresses)).toBe(rule);
  });

  it.each([
    'https://127.0.0.1',
    'https://[::1]:9000',
    'https://10.0.0.1',
    'https://192.168.1.1',
    'https://172.31.255.255',
    'https://100.64.0.1',
    'https://169.254.169.254',
    'https://169.254.1.1',
    'https://[fe80::1]',
    'https://[fd00:ec2::254]',
    'https://[::ffff:169.254.169.254]',
    'https://[::ffff:7f00:1]',
    'https://0.0.0.0',
    'https://[::]',
    'https://224.0.0.1',
    'https://255.255.255.255',
    // Odd spellings of 127.0.0.1 and 169.254.169.254.
    'https://2130706433',
    'https://0x7f.1',
    'https://0251.0376.0251.0376',
    'https://[64:ff9b::a9fe:a9fe]',
    'https://[2002:7f00:1::]',
    'https://168.63.129.16',
    // Never given out: an IPv4 address in the old way, and what no registry has.
    'https://[::7f00:1]',
    'https://[::a9fe:a9fe]',
    'https://[4000::1]',
  ])('refuses %s by default', async (endpoint) => {
    expect(await ruleOf(endpoint, none)).toBe('endpoint.address');
  });

  it('refuses a name with one forbidden address among good ones', async () => {
    expect(await ruleOf('https://s3.example.com', none, ['203.0.114.7', '10.0.0.1'])).toBe('endpoint.address');
  });

  it('allows private networks, and http to them, when told', async () => {
    expect(await ruleOf('http://127.0.0.1:9000', all)).toBe('ok');
    expect(await ruleOf('http://minio.lan', all, ['192.168.4.4', 'fd12::1'])).toBe('ok');
    expect(await ruleOf('http://s3.example.com', all, ['203.0.114.7'])).toBe('endpoint.https');
    expect(await ruleOf('http://127.0.0.1:9000', naming('127.0.0.0/8'))).toBe('ok');
    expect(await ruleOf('http://10.0.0.1', naming('127.0.0.0/8'))).toBe('endpoint.address');
  });

  it('keeps link-local addresses and metadata services out unless a range names them', async () => {
    for (const address of ['169.254.169.254', '169.254.7.7', '100.100.100.200']) {
      expect(await ruleOf(`https://${address}`, all)).toBe('endpoint.address');
      expect(await ruleOf(`https://${address}`, naming(`${address}/32`))).toBe('ok');
    }
    expect(await ruleOf('https://[fd00:ec2::254]', naming('fd00::/8'))).toBe('endpoint.address');
    expect(await ruleOf('https://169.254.169.254', naming('0.0.0.0/0'))).toBe('endpoint.address');
  });

  it('property: no spelling of any endpoint throws anything but EndpointRefused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.webUrl(), fc.ipV4(), fc.ipV6()), fc.ipV6(), async (text, address) => {
        for (const endpoint of [text, `https://${text}`]) {
          expect(await ruleOf(endpoint, none, [address])).toMatch(/^(ok|endpoint\.(url|https|address|host))$/);
        }
      }),
    );
  });
});

describe('at connection time', () => {
  const connect = (allowed: AllowedRanges, options: { all: boolean }) =>
    new Promise((resolve) => {
      createEndpointGuard(allowed).lookup('localhost', options, (error, address) => resolve(error ?? address));
    });

  it('refuses a name that points to loopback now', async () => {
    expect(isFault(await connect(none, { all: true }), 'EndpointRefused')).toBe(true);
    expect(isFault(await connect(none, { all: false }), 'EndpointRefused')).toBe(true);
  });

  it('answers in the form that sockets ask for', async () => {
    expect(await connect(all, { all: true })).toEqual(expect.arrayContaining([expect.objectContaining({ family: 4 })]));
    expect(await connect(all, { all: false })).toEqual(expect.any(String));
  });

  it('refuses literal addresses without a lookup', () => {
    const guard = createEndpointGuard(none);
    expect(() => guard.checkLiteral('https://127.0.0.1')).toThrow(/private/);
    expect(() => guard.checkLiteral('https://s3.example.com')).not.toThrow();
  });
});
