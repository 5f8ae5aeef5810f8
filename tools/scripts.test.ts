import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { positiveNumber, wholeNumber } from '../tests/support/script-options.ts';

/** Runs a script of package.json as npm does. */
function run(script: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: 'utf8',
    timeout: 150_000,
  });
  return { status, stdout, stderr };
}

describe.each([
  ['tests/simulation/main.ts', 'npm run sim'],
  ['tests/lab/main.ts', 'npm run lab'],
  ['bench/main.ts', 'npm run bench'],
  ['bench/recovery.ts', 'npm run bench:recovery'],
])('%s', (script, command) => {
  it('says what it takes', () => {
    const { status, stdout, stderr } = run(script, '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`Usage: ${command} [-- `);
  });
});

describe('arguments that are not understood', () => {
  it.each([
    ['tests/lab/main.ts', ['--minute', '10'], "Unknown option '--minute'"],
    // It would run no schedule at all, and say that none broke a promise.
    ['tests/simulation/main.ts', ['--seed', 'abc'], '--seed is a whole number of at least 0, and not "abc".'],
    ['bench/main.ts', ['99'], 'There is no row 99'],
  ])('%s %j', (script, args, message) => {
    const { status, stdout, stderr } = run(script, ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toContain('Usage: npm run');
    expect(stderr).not.toContain('    at ');
  });

  it.each(['', ' ', '-1', '1.5', '1e3', '0x10', 'abc', '99999999999999999999', '0'])(
    'no whole number: "%s"',
    (text) => {
      expect(() => wholeNumber('--count', text, 1)).toThrow(/^--count is a whole number of at least 1/);
    },
  );

  it.each(['', '0', '-1', '1.2.3', '.', 'Infinity', 'NaN', 'ten'])('no number above zero: "%s"', (text) => {
    expect(() => positiveNumber('--minutes', text)).toThrow(/^--minutes is a number above zero/);
  });

  it('takes what is one', () => {
    expect([wholeNumber('n', '0'), wholeNumber('n', '42', 42), positiveNumber('x', '0.5')]).toEqual([0, 42, 0.5]);
  });
});
