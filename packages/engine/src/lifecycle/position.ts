import type { WalkPosition } from '@sealgate/core/lifecycle';
import type { CursorPosition } from '@sealgate/core/ports';

/** How far the lifecycle has come; durable, so that whoever goes on after a restart does not begin again. */
export type LifecyclePosition =
  /** Until the next run; `startedMs` is when the last one began, in the database's time. */
  | { readonly phase: 'waiting'; readonly startedMs: number }
  | {
      readonly phase: 'walking';
      readonly startedMs: number;
      readonly bucketId: number;
      /** null: the bucket is done, the next one follows. */
      readonly stage: LifecycleStage | null;
    };

export type LifecycleStage =
  | { readonly kind: 'versions'; readonly prefix: string; readonly after: WalkPosition | null }
  | { readonly kind: 'uploads'; readonly keyMarker: string; readonly uploadIdMarker: string };

const NEVER: LifecyclePosition = { phase: 'waiting', startedMs: 0 };

/** For JSON, which has no bigint. */
export function writePosition(position: LifecyclePosition): CursorPosition {
  if (position.phase === 'waiting' || position.stage?.kind !== 'versions') return position;
  const { stage } = position;
  const after = stage.after === null ? null : { ...stage.after, seq: stage.after.seq.toString() };
  return { ...position, stage: { ...stage, after } };
}

/** What cannot be read begins anew: every step of a run may be done twice. */
export function readPosition(saved: CursorPosition): LifecyclePosition {
  const position = fieldsOf(saved);
  const { startedMs, bucketId } = position;
  if (typeof startedMs !== 'number') return NEVER;
  if (position['phase'] === 'waiting') return { phase: 'waiting', startedMs };
  if (position['phase'] !== 'walking' || typeof bucketId !== 'number') return NEVER;
  return { phase: 'walking', startedMs, bucketId, stage: readStage(fieldsOf(position['stage'])) };
}

/** An unknown stage means that of its bucket nothing has been done: the next run does it. */
function readStage(stage: Fields): LifecycleStage | null {
  const { prefix, keyMarker, uploadIdMarker } = stage;
  if (stage['kind'] === 'versions' && typeof prefix === 'string') {
    return { kind: 'versions', prefix, after: readAfter(fieldsOf(stage['after'])) };
  }
  if (stage['kind'] === 'uploads' && typeof keyMarker === 'string' && typeof uploadIdMarker === 'string') {
    return { kind: 'uploads', keyMarker, uploadIdMarker };
  }
  return null;
}

function readAfter({ key, seq, modifiedAtMs, noncurrent }: Fields): WalkPosition | null {
  if (typeof key !== 'string' || typeof seq !== 'string' || !/^\d{1,19}$/.test(seq)) return null;
  if (typeof modifiedAtMs !== 'number' || typeof noncurrent !== 'number') return null;
  return { key, seq: BigInt(seq), modifiedAtMs, noncurrent };
}

interface Fields {
  readonly [name: string]: unknown;
  readonly startedMs?: unknown;
  readonly bucketId?: unknown;
  readonly prefix?: unknown;
  readonly keyMarker?: unknown;
  readonly uploadIdMarker?: unknown;
  readonly key?: unknown;
  readonly seq?: unknown;
  readonly modifiedAtMs?: unknown;
  readonly noncurrent?: unknown;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
