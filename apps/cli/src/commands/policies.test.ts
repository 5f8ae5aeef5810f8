import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { CommandContext } from '../context.ts';
import { checkPolicies, testPolicies } from './policies.ts';

describe('policy check', () => {
  let folder = '';
  const file = (name: string): string => (name === '' ? folder : join(folder, name));

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sealgate-policies-'));
    const of = (spec: string): string =>
      `apiVersion: sealgate/v1\nkind: Policy\nmetadata: { name: one }\nspec: ${spec}\n`;
    writeFileSync(file('good.yaml'), of('{}'));
    writeFileSync(file('class.yaml'), of('{ classes: [Foo] }'));
    writeFileSync(file('fact.yaml'), of('{ rules: [{ name: r, allow: backend.foo == "x" }] }'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  async function check(json: boolean, ...names: readonly string[]) {
    const told: { readonly json: unknown; readonly text: string }[] = [];
    const context = { options: { json }, terminal: { result: (one: (typeof told)[number]) => void told.push(one) } };
    const failure = await checkPolicies(context as unknown as CommandContext, [names.map(file)]).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    return { told, message: failure?.message };
  }

  it('tells the mistakes of all files, and what the right ones say', async () => {
    const { told, message } = await check(false, 'class.yaml', 'good.yaml', 'fact.yaml', 'none.yaml', '');
    expect(told.map(({ text }) => text.split('\n')[0])).toEqual([
      expect.stringMatching(/class\.yaml: .*line 4.*there is no class Foo/),
      `${file('good.yaml')}: policy one is valid.`,
      expect.stringMatching(/fact\.yaml: .*line 4.*there is no fact backend\.foo/),
      expect.stringMatching(/none\.yaml: there is no such file/),
      expect.stringMatching(/^.*sealgate-policies-[^/]*: it is a folder$/),
    ]);
    expect(message).toBe('4 of 5 policies are not valid.');
  });

  it('has each file in its JSON, right or wrong', async () => {
    const { told, message } = await check(true, 'fact.yaml', 'good.yaml');
    expect(told.map(({ json }) => json)).toMatchObject([
      [
        { ok: false, file: file('fact.yaml'), problem: expect.stringContaining('no fact backend.foo') as string },
        { ok: true, file: file('good.yaml'), name: 'one' },
      ],
    ]);
    expect(message).toBe('1 of 2 policies are not valid.');
  });

  it('of one file alone is told as it is', async () => {
    const { told, message } = await check(true, 'fact.yaml');
    expect(told.map(({ json }) => json)).toMatchObject([{ ok: false, file: file('fact.yaml') }]);
    expect(message).toMatch(/fact\.yaml: .*no fact backend\.foo/);
  });
});

test('policy test names the file of every mistake', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sealgate-policies-'));
  try {
    writeFileSync(join(folder, 'p.yaml'), 'apiVersion: sealgate/v1\nkind: Policy\nmetadata: { name: p }\nspec: {}\n');
    const mistakes = { id: '{ "Not An Id": {} }', lock: '{}', zone: '{ a: { zone: XX-NO-WHERE } }' };
    for (const [name, backends] of Object.entries(mistakes)) {
      const file = join(folder, `${name}.yaml`);
      const given = name === 'lock' ? '{ bucket: { regionLock: ATLANTIS } }' : '{}';
      writeFileSync(
        file,
        `apiVersion: sealgate/v1\nkind: PolicyTest\npolicies: [p.yaml]\nbackends: ${backends}\ntests: [{ name: t, given: ${given}, expect: {} }]\n`,
      );
      const context = { options: {}, terminal: {} } as unknown as CommandContext;
      await expect(testPolicies(context, [[file]], {}), name).rejects.toThrow(`${file}: `);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
