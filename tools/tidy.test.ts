import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { inspectFiles, inspectSource } from './tidy.ts';

/** Findings that are known and may only become fewer: `file: rule`. */
const ALLOWED: readonly string[] = [];

test('the sources keep the budgets', () => {
  const files = execFileSync('git', ['ls-files', '*.ts'], { encoding: 'utf8' })
    .split('\n')
    .filter((f) => f !== '' && !f.startsWith('tools/tidy') && !/(vectors|generated)\//.test(f));
  const findings = inspectFiles(files).filter((f) => !ALLOWED.includes(`${f.file}: ${f.rule}`));
  expect(findings.map((f) => `${f.file}:${f.line} ${f.rule}: ${f.text}`)).toEqual([]);
});

test('each rule finds what it is for', () => {
  const rules = (text: string) => inspectSource('a.ts', text).map((f) => f.rule);
  expect(rules('// TODO later\n')).toEqual(['leftover']);
  expect(rules('let a: any;\n')).toEqual(['any']);
  expect(rules('// eslint-disable-next-line foo\n')).toEqual(['suppression']);
  expect(rules('// eslint-disable-next-line foo -- the driver types it as unknown\n')).toEqual([]);
  expect(rules(`const p = '/home/ada/x';\n`)).toEqual(['machine-path']);
  expect(rules(`function f() {\n${'  g();\n'.repeat(70)}}\n`)).toEqual(['function-lines']);
  expect(rules('g();\n'.repeat(401))).toEqual(['file-lines']);
});
