import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProgress, renderProgress } from './progress.ts';

const MIB = 1024 * 1024;
const state = { label: 'put a', doneBytes: 5 * MIB, totalBytes: 10 * MIB, elapsedMs: 5000, startBytes: 0 };

describe('renderProgress', () => {
  it('shows bar, share, pace and the time that is left', () => {
    expect(renderProgress(state, 100)).toBe(
      'put a  [============            ]  50%  5.0 MiB of 10.0 MiB  1.0 MiB/s  0:05 left',
    );
  });

  it('counts the pace from where a resumed upload went on', () => {
    expect(renderProgress({ ...state, startBytes: 4 * MIB, elapsedMs: 1000 }, 100)).toContain('1.0 MiB/s');
  });

  it('does without a total', () => {
    expect(renderProgress({ ...state, totalBytes: undefined }, 100)).toBe('put a  5.0 MiB  1.0 MiB/s');
  });

  it('never fills the last column', () => {
    const size = fc.nat({ max: 2 ** 31 });
    fc.assert(
      fc.property(size, size, fc.nat(200), (doneBytes, totalBytes, columns) => {
        expect(renderProgress({ ...state, doneBytes, totalBytes }, columns).length).toBeLessThanOrEqual(
          Math.max(0, columns - 1),
        );
      }),
    );
  });
});

describe('createProgress', () => {
  it('redraws no more than ten times a second and cleans up', () => {
    const written: string[] = [];
    let nowMs = 0;
    const terminal = { columns: 80, write: (text: string) => void written.push(text) };
    const progress = createProgress(terminal, { label: 'x', now: () => nowMs });
    for (nowMs = 0; nowMs < 1000; nowMs += 10) progress.update(nowMs, 1000);
    expect(written).toHaveLength(10);
    progress.end();
    expect(written.at(-1)).toBe('\r\u001b[2K');
    progress.end();
    expect(written).toHaveLength(11);
  });

  it('is silent where there is no terminal', () => {
    const progress = createProgress(undefined, { label: 'x', now: () => 0 });
    progress.update(1, 2);
    progress.end();
  });
});
