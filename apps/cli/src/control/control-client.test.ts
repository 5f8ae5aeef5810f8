import { describe, expect, it } from 'vitest';
import { controlPath, createControlClient } from './control-client.ts';

const connection = { endpoint: 'http://control.example/', proof: { 'x-admin-key': 'operator' } };

function clientOf(answer: (url: URL, init: RequestInit) => Response) {
  const seen: { readonly url: URL; readonly init: RequestInit }[] = [];
  const fetch = ((input: string, init: RequestInit) => {
    const url = new URL(input);
    seen.push({ url, init });
    return Promise.resolve().then(() => answer(url, init));
  }) as typeof globalThis.fetch;
  return { seen, client: createControlClient({ connection, fetch, signal: new AbortController().signal }) };
}

async function itemsOf<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

describe('control client', () => {
  it('sends the operator key and encodes what goes into paths and queries', async () => {
    const { seen, client } = clientOf(() => Response.json({ ok: true }));
    await client.get(controlPath`/admin/stat/${'a/b'}/${'ü'}`, { key: 'x y&z', versionId: undefined });
    expect(seen[0]?.url.href).toBe('http://control.example/admin/stat/a%2Fb/%C3%BC?key=x+y%26z');
    expect(seen[0]?.init).toMatchObject({ headers: { 'x-admin-key': 'operator' }, redirect: 'error' });
  });

  it('makes a call by its name, with its parameters where they belong', async () => {
    const { seen, client } = clientOf(() => Response.json({ items: [], next: null }));
    const params = { tenant: 'a/b', bucket: 'reports' };
    const page = await client.call('listRegisteredObjects', { params, query: { prefix: 'x y', cursor: undefined } });
    expect(page).toEqual({ items: [], next: null });
    expect(seen[0]?.url.href).toBe('http://control.example/proxy/objects/a%2Fb/reports?prefix=x+y');
    await client.call('createJob', { body: { tenant: 't', bucket: 'b', object_key: 'k', target_backends: ['x'] } });
    expect(seen[1]?.init).toMatchObject({
      method: 'POST',
      body: expect.stringContaining('"object_key":"k"') as string,
    });
    // @ts-expect-error -- calls cannot be made without what they need
    await client.call('getJob', {});
  });

  it('follows the cursor of a list to its end', async () => {
    const pages = [
      { items: [{ id: 1 }, { id: 2 }], next: 'c1' },
      { items: [{ id: 3 }], next: null },
    ];
    const { seen, client } = clientOf(() => Response.json(pages.shift()));
    expect(await itemsOf(client.list('/admin/tenants'))).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    expect(seen.map(({ url }) => url.searchParams.get('cursor'))).toEqual([null, 'c1']);
  });

  it('does not follow a cursor in a circle', async () => {
    const { seen, client } = clientOf(() => Response.json({ items: [], next: 'same' }));
    await itemsOf(client.list('/x'));
    expect(seen).toHaveLength(2);
  });

  it('turns problem documents into faults', async () => {
    const problem = { code: 'PolicyRefused', detail: 'No.', rule: 'r', requestId: 'R1' };
    const { client } = clientOf(() => Response.json(problem, { status: 403 }));
    await expect(client.get('/x')).rejects.toMatchObject({
      code: 'PolicyRefused',
      message: 'No.',
      rule: 'r',
      detail: { status: 403, requestId: 'R1' },
    });
  });

  it.each([
    [404, 'NotFound'],
    [400, 'InvalidRequest'],
    [502, 'InternalError'],
  ])('makes do with a bare status %d', async (status, code) => {
    const { client } = clientOf(() => new Response('<html>', { status }));
    await expect(client.get('/x')).rejects.toMatchObject({ code });
  });

  it('says when nobody answers', async () => {
    const { client } = clientOf(() => {
      throw new TypeError('fetch failed');
    });
    await expect(client.get('/x')).rejects.toMatchObject({ code: 'GatewayUnreachable' });
  });
});
