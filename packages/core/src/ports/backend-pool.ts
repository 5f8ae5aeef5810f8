import type { FaultCode } from '../faults/index.ts';
import type { BackendId } from '../names/index.ts';
import type { BackendDriver } from './backend-driver.ts';
import type { Backend } from './model.ts';

/** How one call to a backend went, as the engine saw it. Aborted calls are not reported: they say nothing about it. */
export type BackendOutcome =
  | {
      readonly kind: 'ok';
      readonly operation: 'put' | 'get' | 'other';
      /** To the first byte of a read, to the receipt of a write. */
      readonly latencyMs: number;
      /** Bytes of the body that went over; 0 when there was none. */
      readonly bytes: number;
      /** Of the whole transfer, body included. */
      readonly durationMs: number;
    }
  /** The fault decides how much it counts: a missing blob says nothing about the backend's health, a timeout does. */
  | { readonly kind: 'failed'; readonly code: FaultCode }
  /** It fell so far behind the other copies that the engine let go of it. */
  | { readonly kind: 'detached' }
  /** Another replica was faster: nothing was wrong, but its first byte would have taken at least so long. */
  | { readonly kind: 'late'; readonly latencyMs: number };

/**
 * The backends of one process with their drivers and their health of this moment. Everything answers from memory, so
 * that it may be asked on every request. A `Backend` given out is a value: a later change shows as another value.
 */
export interface BackendPool {
  /** Every backend that is not retired, by id, whatever its health. */
  all(): readonly Backend[];
  /** Undefined when the backend is unknown, or when its credentials are not with this process (custody). */
  driver(id: BackendId): BackendDriver | undefined;
  /** Those that take new blobs now: healthy or degraded, with a driver here. The same set value while nothing changed. */
  writable(): ReadonlySet<BackendId>;
  /** Those that said not long ago that they have no room. They are not writable. */
  full(): ReadonlySet<BackendId>;
  /**
   * The given ones that may be read, best first: by health, then by measured latency. Unhealthy ones come last instead
   * of not at all: when no other copy is left a read still tries them. Ones without a driver here are left out.
   */
  readOrder(ids: Iterable<BackendId>): BackendId[];
  /** Moving average of the time to the first byte in milliseconds; undefined before the first measurement. */
  latencyMs(id: BackendId): number | undefined;
  /** Real traffic is the best probe. Never throws; unknown ids are ignored. */
  report(id: BackendId, outcome: BackendOutcome): void;
}
