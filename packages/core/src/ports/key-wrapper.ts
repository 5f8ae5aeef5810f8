import type { KeyObject } from 'node:crypto';
import type { KeyPlace } from '../keys/index.ts';

export interface WrappedKey {
  /** Base64. */
  readonly wrappedKey: string;
  /** Which version of the operator's key wraps it. */
  readonly keyVersion: number;
}

/**
 * Keeps data keys under the operator's key, which never leaves the implementation. The place is authenticated: what was
 * wrapped for one object does not open for another.
 */
export interface KeyWrapper {
  /** Under the newest version. */
  wrap(place: KeyPlace, dataKey: KeyObject): Promise<WrappedKey>;
  /** @throws Fault InternalError when the wrapped key was changed, is another object's, or its version is not known */
  unwrap(place: KeyPlace, wrapped: WrappedKey): Promise<KeyObject>;
}
