// The page of the example policies is what a reader believes: its very commands are run, without a gateway, and must say
// what the page says.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { run } from '../support/gateway.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/policies/', import.meta.url));
const bin = fileURLToPath(new URL('../../apps/cli/bin/sealgate.mjs', import.meta.url));
const page = readFileSync(`${EXAMPLES}README.md`, 'utf8');

interface Shown {
  readonly command: string;
  readonly output: string;
  readonly code: number;
}

const shown: readonly Shown[] = [...page.matchAll(/```console\n\$ sealgate (.*)\n([^]*?)```/g)].map(
  ([, command = '', rest = '']) => {
    const [output = '', code = '0'] = rest.split('$ echo $?\n');
    return { command, output: output.trimEnd(), code: Number(code) };
  },
);

test('the page shows the classes, the region rules, the sovereign rule and the tenant that narrows it, in every way', () => {
  const commands = shown.map(({ command }) => command);
  for (const policy of ['standard-classes', 'eu-lock', 'eu-sovereign', 'tenant-nordic']) {
    expect(commands).toContainEqual(expect.stringMatching(new RegExp(`^policy test .*${policy}\\.test\\.yaml`)));
    expect(commands).toContainEqual(
      expect.stringMatching(new RegExp(`^policy simulate ${policy}\\.yaml .*--against catalogue$`)),
    );
  }
  expect(commands).toContainEqual(expect.stringMatching(/^policy explain eu-sovereign\.yaml --against catalogue/));
  expect(commands).toContainEqual(
    expect.stringMatching(/^policy explain tenant-nordic\.yaml --within eu-sovereign\.yaml --against catalogue/),
  );
});

describe('the page tells what is so:', () => {
  test.each(shown)('$command', async ({ command, output, code }) => {
    const nowhere = { HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent', SEALGATE_DATA_DIR: '/nonexistent' };
    const result = await run(process.execPath, [bin, ...command.split(' ')], { cwd: EXAMPLES, env: nowhere });
    expect((result.stdout + result.stderr).trimEnd()).toBe(output);
    expect(result.code).toBe(code);
  });
});
