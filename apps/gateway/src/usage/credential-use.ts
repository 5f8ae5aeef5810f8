import type { AccessKeyId } from '@sealgate/core/names';
import type { Clock, MetadataRegistry } from '@sealgate/core/ports';
import type { Logger } from '@sealgate/runtime/log';
import type { RequestObserver } from '../s3/observer.ts';

const HOUR_MS = 60 * 60_000;
/** Uses are written together this long after the first of them. */
const FLUSH_MS = 5_000;
/** Keys that are remembered as written, of one hour: beyond, they are written again, which does no harm. */
const KEYS_MAX = 50_000;

/** Notes in which hour each access key was last used: a write a key and hour, whatever it does within. */
export interface CredentialUse {
  readonly observe: RequestObserver;
  note(accessKeyId: AccessKeyId): void;
  close(): Promise<void>;
}

export function createCredentialUse(deps: {
  readonly metadata: Pick<MetadataRegistry, 'noteCredentialUse'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'debug'>;
}): CredentialUse {
  const { metadata, clock, logger } = deps;
  let hour = 0;
  let known = new Set<AccessKeyId>();
  let waiting: AccessKeyId[] = [];
  let cancel: (() => void) | undefined;
  let writing: Promise<void> = Promise.resolve();

  function flush(): void {
    cancel?.();
    cancel = undefined;
    const taken = waiting;
    waiting = [];
    if (taken.length === 0) return;
    writing = writing
      .then(() => metadata.noteCredentialUse(taken))
      .catch((error: unknown) => {
        // Noted with their next use.
        for (const id of taken) known.delete(id);
        logger.debug({ err: error, keys: taken.length }, 'the use of access keys could not be noted');
      });
  }

  function note(accessKeyId: AccessKeyId): void {
    const now = Math.floor(clock.now() / HOUR_MS);
    if (now !== hour || known.size >= KEYS_MAX) {
      hour = now;
      known = new Set();
    }
    if (known.has(accessKeyId)) return;
    known.add(accessKeyId);
    waiting.push(accessKeyId);
    cancel ??= clock.schedule(FLUSH_MS, flush);
  }

  return {
    note,
    observe({ caller }) {
      if (caller?.kind === 'credential' && caller.credential.kind === 'static') note(caller.credential.accessKeyId);
    },
    async close() {
      flush();
      await writing;
    },
  };
}
