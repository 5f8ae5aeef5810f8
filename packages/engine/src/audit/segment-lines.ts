import {
  canonicalJson,
  entryLine,
  leafHash,
  peaksBefore,
  requestsDigest,
  requestsLine,
  SEGMENT_FORMAT,
} from '@sealgate/core/audit';
import { Fault } from '@sealgate/core/faults';
import type { AuditStore } from '@sealgate/core/ports';
import { AUDIT_BATCH } from '../limits.ts';
import type { Checkpoints } from './checkpoints.ts';

/**
 * The lines of the segment of the log from one leaf to another, without line ends (docs/spec/audit.md).
 * @throws Fault InternalError when the log is not what it was when its leaves were given
 */
export async function* segmentLines(
  deps: { readonly store: AuditStore; readonly checkpoints: Checkpoints },
  { from, to }: { readonly from: number; readonly to: number },
): AsyncGenerator<string> {
  const { store, checkpoints } = deps;
  const checkpoint = await checkpoints.take(to);
  if (checkpoint === undefined) throw new Fault('NotFound', 'The log has no entries yet.');
  const before = await peaksBefore(checkpoints.tree, from);
  yield canonicalJson({ format: SEGMENT_FORMAT, from, entries: to - from, before, checkpoint: checkpoint.note });
  const vouched: { readonly leaf: number; readonly digest: string }[] = [];
  for (let at = from; at < to; ) {
    const page = await store.entries(at, Math.min(AUDIT_BATCH, to - at));
    if (page.length === 0) throw new Fault('InternalError', `The audit log has no entry ${at}.`);
    for (const { leaf, hash, entry } of page) {
      const line = entryLine(entry);
      if (leaf !== at || Buffer.compare(hash, leafHash(line)) !== 0) {
        throw new Fault('InternalError', `Entry ${at} of the audit log is not what it was when it got its leaf.`);
      }
      yield line;
      const digest = requestsDigest(entry);
      if (digest !== undefined) vouched.push({ leaf, digest });
      at += 1;
    }
  }
  const removedBefore = vouched.length === 0 ? 0 : await store.requestsRemovedBefore();
  for (const { leaf, digest } of vouched) {
    const lines = (await store.requests([digest])).get(digest);
    if (lines === undefined && leaf >= removedBefore)
      throw new Fault('InternalError', `The records of requests ${digest} are not there.`);
    yield requestsLine(lines ?? null);
  }
}
