import type { ManifestBlob } from '@sealgate/engine/recovery';
import { WORK_PAGE } from './limits.ts';
import { isListed } from './stored-version.ts';
import type { WorkFile } from './work-file.ts';

/** How many of the chosen versions have too few copies or shards left, by what was listed. */
export function checkListed(work: WorkFile, bucket: number): number {
  let missing = 0;
  for (let after = 0; ; ) {
    const page = work.selected(bucket, after, WORK_PAGE);
    const last = page.at(-1);
    if (last === undefined) return missing;
    after = last.row;
    for (const { line } of page) {
      const whole = line.blob === null ? hasSegments(work, bucket, line) : isListed(work, line.blob);
      if (!whole) missing += 1;
    }
  }
}

function hasSegments(
  work: WorkFile,
  bucket: number,
  { seq, parts }: { readonly seq: string; readonly parts: number },
): boolean {
  let known = 0;
  for (let offset = -1; ; ) {
    const page = work.segments(bucket, seq, offset, WORK_PAGE);
    const last = page.at(-1);
    if (last === undefined) return known === parts;
    if (!page.every((segment: { readonly blob: ManifestBlob }) => isListed(work, segment.blob))) return false;
    known += page.length;
    offset = last.offset + last.bytes;
  }
}
