import { Readable } from 'node:stream';
import type { AckRule } from '@sealgate/core/ack';
import { Fault } from '@sealgate/core/faults';
import type { Backend, Clock } from '@sealgate/core/ports';
import type { EngineLimits } from '../limits.ts';
import { createChange } from './change.ts';
import { type Frame, pieceOf } from './frame.ts';
import { decidePace } from './pace.ts';

/**
 * A bounded tee. One source is read once; every target gets a stream of the same chunks, or of its own shard's (shared,
 * never copied). States
 * of a target: live (takes chunks) -> ended (all given) | detached (failed, or too slow and not needed). Invariants: a
 * target never holds more than `limits.lagBytes` plus one chunk; a detached target gets nothing more.
 */
export interface FanOutTarget {
  readonly backend: Backend;
  readonly stream: Readable;
  /**
   * Whether the reader has taken every byte. It need not have asked for the end: a quick backend answers before whoever sends
   * to it does.
   */
  readonly taken: () => boolean;
}

interface Lane extends FanOutTarget {
  readonly shard: number;
  queue: Buffer[];
  queuedBytes: number;
  state: 'live' | 'detached';
  /** The reader asked for bytes that were not there yet. */
  wanting: boolean;
  /** The source is through; nothing comes after what is queued. */
  ended: boolean;
  /** A chunk came when the reader had gone. */
  dropped: boolean;
}

export interface FanOut {
  readonly targets: readonly FanOutTarget[];
  /**
   * Feeds the source through; resolves when every live target was given all bytes. The last chunk is kept back until
   * `beforeLast` resolves, so that a body that turns out wrong is never complete on any backend.
   */
  run(
    source: AsyncIterable<Frame>,
    hooks: {
      readonly onFrame: (frame: Frame) => void;
      readonly beforeLast: () => Promise<void>;
    },
  ): Promise<void>;
  /** The target failed elsewhere: give it nothing more. */
  detach(backend: Backend, reason: unknown): void;
  readonly detached: ReadonlySet<Backend>;
}

/** @param options.onDetach hears of each target that is given up for slowness */
export function createFanOut(
  backends: readonly Backend[],
  options: {
    readonly rule: AckRule;
    readonly limits: EngineLimits;
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly onDetach?: (backend: Backend) => void;
    /** Which piece of a frame the target takes; 0 by default. */
    readonly shardOf?: (backend: Backend) => number;
  },
): FanOut {
  const { rule, limits, clock, signal } = options;
  const detached = new Set<Backend>();
  const progress = createChange(clock);
  const lanes = backends.map((backend) => makeLane(backend, options.shardOf?.(backend) ?? 0, () => progress.notify()));

  const detach = (backend: Backend, reason: unknown): void => {
    const lane = lanes.find((l) => l.backend === backend);
    if (lane === undefined || lane.state === 'detached') return;
    lane.state = 'detached';
    lane.queue = [];
    lane.queuedBytes = 0;
    detached.add(backend);
    lane.stream.destroy(reason instanceof Error ? reason : undefined);
    progress.notify();
  };

  const live = (): Lane[] => lanes.filter((l) => l.state === 'live');

  /** Waits until the source may go on; may detach targets on the way. */
  const keepPace = async (pace: { waitedMs: number; readonly startedMs: number }): Promise<void> => {
    for (;;) {
      const decision = decidePace(
        live().map((l) => ({ backend: l.backend, lagBytes: l.queuedBytes })),
        { rule, limits, waitedMs: pace.waitedMs, elapsedMs: clock.monotonic() - pace.startedMs },
      );
      if (decision.kind === 'go') return;
      if (decision.kind === 'detach') {
        for (const backend of decision.backends) {
          options.onDetach?.(backend);
          detach(backend, new Fault('BackendTimeout', 'The copy fell too far behind.'));
        }
        continue;
      }
      if (
        rule.evaluate(
          live().map((l) => l.backend),
          [],
        ) !== 'held'
      ) {
        throw new Fault('AckRuleFailed', 'Too few storage locations accepted the data. Please try again.', {
          rule: rule.text,
        });
      }
      const from = clock.monotonic();
      const moved = await progress.wait(decision.forMs, signal);
      if (!decision.needed) pace.waitedMs += clock.monotonic() - from;
      if (!moved && decision.needed) {
        throw new Fault('AckRuleFailed', 'The storage locations stopped taking data. Please try again.', {
          rule: rule.text,
        });
      }
    }
  };

  return {
    targets: lanes,
    detached,
    detach,
    async run(source, { onFrame, beforeLast }) {
      const pace = { waitedMs: 0, startedMs: clock.monotonic() };
      let last: Frame | undefined;
      for await (const frame of source) {
        signal.throwIfAborted();
        onFrame(frame);
        if (last !== undefined) {
          for (const lane of lanes) give(lane, pieceOf(last, lane.shard));
          await keepPace(pace);
        }
        last = frame;
      }
      await beforeLast();
      for (const lane of lanes) {
        if (last !== undefined) give(lane, pieceOf(last, lane.shard));
        end(lane);
      }
    },
  };
}

function makeLane(backend: Backend, shard: number, progress: () => void): Lane {
  const lane: Lane = {
    backend,
    shard,
    queue: [],
    queuedBytes: 0,
    state: 'live',
    wanting: false,
    ended: false,
    dropped: false,
    taken: () => lane.ended && !lane.dropped && lane.queue.length === 0 && lane.stream.readableLength === 0,
    stream: new Readable({
      highWaterMark: 0,
      read() {
        lane.wanting = true;
        if (flush(lane)) progress();
      },
    }),
  };
  // The put that reads the stream hears of its errors; without a reader an error must not end the process.
  lane.stream.on('error', () => undefined);
  return lane;
}

function give(lane: Lane, chunk: Buffer): void {
  if (lane.state !== 'live') return;
  lane.queue.push(chunk);
  lane.queuedBytes += chunk.length;
  flush(lane);
}

/** Hands over chunks while the reader wants them. True when something moved. */
function flush(lane: Lane): boolean {
  let moved = false;
  while (lane.wanting) {
    const chunk = lane.queue.shift();
    if (chunk === undefined) break;
    lane.queuedBytes -= chunk.length;
    moved = true;
    lane.dropped ||= lane.stream.destroyed;
    lane.wanting = lane.stream.push(chunk);
  }
  if (lane.ended && lane.queue.length === 0 && lane.wanting) lane.stream.push(null);
  return moved;
}

function end(lane: Lane): void {
  if (lane.state !== 'live') return;
  lane.ended = true;
  flush(lane);
}
