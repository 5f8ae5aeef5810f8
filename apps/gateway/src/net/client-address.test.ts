import type { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientBehind, clientOf, createProxyTrust, noteClient } from './client-address.ts';

const trusted = createProxyTrust(['10.0.0.0/8', '2001:db8:1::/48']);
const seen = (peer: string, forwarded?: string, proto?: string) =>
  clientBehind(
    { address: peer, secure: false },
    {
      ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }),
      ...(proto === undefined ? {} : { 'x-forwarded-proto': proto }),
    },
    trusted,
  );

describe('who is behind proxies', () => {
  it.each([
    ['192.0.2.1', undefined, '192.0.2.1'],
    ['192.0.2.1', '198.51.100.1', '192.0.2.1'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['10.0.0.1', '203.0.113.9, 198.51.100.1', '198.51.100.1'],
    ['10.0.0.1', '198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['10.0.0.1', '198.51.100.1:4711, [2001:db8:1::2]:80', '198.51.100.1'],
    ['10.0.0.1', '198.51.100.1, unknown', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1, unknown, 10.0.0.2', '10.0.0.2'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', '2001:db8:2::5', '2001:db8:2::5'],
  ])('%s said %s: it is %s', (peer, forwarded, address) => {
    expect(seen(peer, forwarded).address).toBe(address);
  });

  it('takes the scheme from a trusted proxy only', () => {
    expect(seen('10.0.0.1', undefined, 'https').secure).toBe(true);
    expect(seen('10.0.0.1', undefined, 'https, http').secure).toBe(false);
    expect(seen('192.0.2.1', undefined, 'https').secure).toBe(false);
  });

  it('never believes what the client itself can have written', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), { maxLength: 5 }), (forged) => {
        // The last entry is the proxy's own.
        const forwarded = [...forged, '198.51.100.7'].join(',');
        expect(seen('10.0.0.1', forwarded).address).toBe('198.51.100.7');
      }),
    );
  });
});

describe('who sent a request', () => {
  it('is still known when its connection has gone', () => {
    const request = { socket: { remoteAddress: '192.0.2.1' } as Socket | null, headers: {} };
    noteClient(request as never, trusted);
    request.socket = null;
    expect(clientOf(request as never)).toEqual({ address: '192.0.2.1', secure: false });
  });

  it('is nobody where nobody asked in time', () => {
    expect(clientOf({ socket: null } as never)).toEqual({ address: undefined, secure: false });
  });
});
