import { createHash, timingSafeEqual } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { Secret } from '@sealgate/runtime/log';

/** Decides whether a key is the operator's. @throws (the function) Fault NotAuthenticated */
export type CheckAdminKey = (key: string) => void;

export function createAdminKeyCheck(adminKey: Secret): CheckAdminKey {
  const wanted = digest(adminKey.reveal());
  return (key) => {
    if (timingSafeEqual(digest(key), wanted)) return;
    throw new Fault('NotAuthenticated', 'The operator key in X-Admin-Key is not right.');
  };
}

/** Equal lengths, so that comparing tells nothing about the key's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
