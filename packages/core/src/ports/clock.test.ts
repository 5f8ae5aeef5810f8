import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from './index.ts';

describe('the machine’s clock', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('tells the time and measures it', () => {
    expect(systemClock.now()).toBe(1_000_000);
    const before = systemClock.monotonic();
    vi.advanceTimersByTime(250);
    expect(systemClock.now()).toBe(1_000_250);
    expect(systemClock.monotonic() - before).toBe(250);
  });

  it('runs what is scheduled once, and not at all when it was called off', () => {
    const run = vi.fn();
    const calledOff = vi.fn();
    systemClock.schedule(100, run);
    const cancel = systemClock.schedule(100, calledOff);
    vi.advanceTimersByTime(99);
    expect(run).not.toHaveBeenCalled();
    cancel();
    vi.advanceTimersByTime(1000);
    expect(run).toHaveBeenCalledTimes(1);
    expect(calledOff).not.toHaveBeenCalled();
    cancel();
  });
});
