import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Finding } from './row.ts';

const README = join(import.meta.dirname, '..', 'README.md');
const BEGIN = '<!-- table:begin, written by npm run bench -- --write-readme -->';
const END = '<!-- table:end -->';

export interface Machine {
  readonly at: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  /** Processes that wanted a core in the minute before the run. */
  readonly load: number;
}

export function machine(): Machine {
  return {
    at: new Date().toISOString().slice(0, 19),
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

export function tableOf(findings: readonly Finding[]): string {
  const lines = findings.map((finding) => {
    const met = finding.met === undefined ? '—' : finding.met ? 'yes' : '**no**';
    const { row, work, measured, budget, absolute } = finding;
    return `| ${[row, work, measured, budget, met, absolute].join(' | ')} |`;
  });
  return [
    '| row | work | measured | budget | met | on this machine |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

/** Puts the table into README.md, in the place of the one before. */
export function writeReadme(findings: readonly Finding[], about: Machine): void {
  const text = readFileSync(README, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error('bench/README.md has lost the marks of its table.');
  const { at, node, cpu, cores, memoryGib, load } = about;
  const where = `Taken ${at.slice(0, 10)} with Node ${node} on ${cores} cores (${cpu}), ${memoryGib} GiB, which others used at the same time (load ${load} at the start).`;
  const block = `${BEGIN}\n\n${where}\n\n${tableOf(findings)}\n\n`;
  writeFileSync(README, text.slice(0, begin) + block + text.slice(end));
}
