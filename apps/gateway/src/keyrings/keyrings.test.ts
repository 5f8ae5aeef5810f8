import { readFileSync } from 'node:fs';
import type { TenantId } from '@sealgate/core/names';
import type { KeyringRecord } from '@sealgate/core/ports';
import { fakeClock } from '@sealgate/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createKeyrings } from './keyrings.ts';

// Signed by a root that nobody has any more: what a gateway sees of keyrings.
const file = new URL('../../../../packages/sealed/vectors/keyring/keyrings.json', import.meta.url);
const { keyrings, refused } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly keyrings: readonly {
    readonly text: string;
    readonly digest: string;
    readonly content: { readonly keys: readonly { keyId: string }[] };
  }[];
  readonly refused: readonly { readonly text: string }[];
};
const TENANT = 'tenant-id' as TenantId;
const actor = { kind: 'system', id: 'test', requestId: 'test' } as const;

function setUp(documents: readonly string[] = []) {
  const clock = fakeClock();
  const stored = [...documents];
  let asked = 0;
  const records = (): KeyringRecord[] =>
    stored.map((document, at) => ({
      seq: at + 1,
      document,
      digest: keyrings.find(({ text }) => text === document)?.digest ?? document,
      rootKeyId: 'root',
      createdAtMs: 0,
    }));
  const service = createKeyrings({
    clock,
    metadata: {
      newestKeyring: () => {
        asked += 1;
        return Promise.resolve(records().at(-1));
      },
      publishKeyring: ({ document }) => {
        stored.push(document);
        return Promise.resolve(records().at(-1) as KeyringRecord);
      },
    },
  });
  return { clock, service, stored, asked: () => asked };
}

const text = (at: number): string => keyrings[at]?.text ?? '';
const publish = (service: ReturnType<typeof createKeyrings>, document: string, name = 'acme') =>
  service.publish({ id: TENANT, name }, document, actor);

describe('keyrings at a gateway', () => {
  it('are asked for now and then, and give the same rules in between', async () => {
    const { service, clock, asked } = setUp([text(0)]);
    const first = await service.rulesOf(TENANT);
    expect([...(first?.knownRecipients.keys() ?? [])]).toEqual(keyrings[0]?.content.keys.map(({ keyId }) => keyId));
    expect(await service.rulesOf(TENANT)).toBe(first);
    expect(asked()).toBe(1);
    clock.advance(501);
    await service.rulesOf(TENANT);
    expect(asked()).toBe(2);
  });

  it('say nothing for a tenant that has none, until it has one', async () => {
    const { service } = setUp();
    expect(await service.rulesOf(TENANT)).toBeUndefined();
    expect(await publish(service, text(0))).toMatchObject({ seq: 1 });
    expect((await service.rulesOf(TENANT))?.requiredRecipients).toHaveLength(1);
  });

  it('are refused when they are not what their root signed, or for somebody else', async () => {
    const { service, stored } = setUp();
    for (const bad of refused)
      await expect(publish(service, bad.text)).rejects.toMatchObject({ code: 'ValidationFailed' });
    await expect(publish(service, text(0), 'other')).rejects.toMatchObject({ code: 'ValidationFailed' });
    expect(stored).toEqual([]);
  });

  it('that somebody put into the database are none: nothing is written then', async () => {
    const { service } = setUp([refused[0]?.text ?? '']);
    await expect(service.rulesOf(TENANT)).rejects.toMatchObject({ code: 'keyring-untrusted' });
    await expect(service.rulesOf(TENANT)).rejects.toMatchObject({ code: 'keyring-untrusted' });
  });
});
