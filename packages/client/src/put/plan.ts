import { Fault } from '@sealgate/core/faults';
import { OBJECT_BYTES_MAX } from '@sealgate/core/limits';
import { bodyLength } from '@sealgate/sealed/inspect';
import { partSizeFor } from '@sealgate/sealed/seal';
import { PART_CONCURRENCY_MAX, PART_MEMORY_BYTES, SINGLE_PUT_BYTES_MAX } from '../limits.ts';

export interface MultipartPlan {
  readonly kind: 'multipart';
  readonly partBytes: number;
  /** Parts in flight at once. */
  readonly concurrency: number;
}

/** How the bytes of one object travel. */
export type UploadPlan = { readonly kind: 'single' } | MultipartPlan;

/**
 * Plans an upload of `bodyBytes` (of the body as it travels, sealed); undefined when the length is unknown.
 * @throws Fault EntityTooLarge above 5 TiB
 */
export function planUpload(bodyBytes: number | undefined): UploadPlan {
  if (bodyBytes !== undefined && bodyBytes > OBJECT_BYTES_MAX) {
    throw new Fault('EntityTooLarge', 'The object would be larger than 5 TiB, the most that S3 allows.', {
      detail: { MaxSizeAllowed: OBJECT_BYTES_MAX },
    });
  }
  if (bodyBytes !== undefined && bodyBytes <= SINGLE_PUT_BYTES_MAX) return { kind: 'single' };
  return multipartPlan(partSizeFor(bodyBytes));
}

/** The plan of a multipart upload whose part size is already fixed. */
export function multipartPlan(partBytes: number): MultipartPlan {
  const fitting = Math.floor(PART_MEMORY_BYTES / partBytes);
  return { kind: 'multipart', partBytes, concurrency: Math.min(PART_CONCURRENCY_MAX, Math.max(1, fitting)) };
}

/** Whether a sealed object of so many plaintext bytes goes up in parts, so that a journal of its upload is of use. */
export function goesInParts(plaintextBytes: number): boolean {
  return planUpload(bodyLength(plaintextBytes)).kind === 'multipart';
}
