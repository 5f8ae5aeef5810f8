import type { BackendProbe } from '@sealgate/core/ports';
import { checkAddress, checkBucket } from '../../shared/address.ts';
import { createS3Calls } from '../calls.ts';
import type { S3Target } from '../target.ts';
import { cleanUp } from './clean-up.ts';
import { listAfter, lockWithoutDigest, smallParts, unequalParts } from './dialect-trials.ts';
import { checksumHeader, checksumTrailer, chunkSignature, etagIsMd5 } from './digest-trials.ts';
import { conditionalWrite, multipart, objectLock, versioning } from './feature-trials.ts';

/** A probe is a short conversation: few connections, soon closed, so that it needs no closing of its own. */
const PROBE_LIMITS = { connections: 2, keepAliveMs: 1_000 };

/** The raw calls of a capability probe against an S3 endpoint. */
export function createS3Probe(target: S3Target): BackendProbe {
  const calls = createS3Calls({ ...target, limits: { ...target.limits, ...PROBE_LIMITS } });
  const asking =
    (question: typeof conditionalWrite): BackendProbe['conditionalWrite'] =>
    async (place) => {
      checkAddress(place.bucket, place.key);
      return await question(calls, place);
    };
  return {
    conditionalWrite: asking(conditionalWrite),
    etagIsMd5: asking(etagIsMd5),
    checksumHeader: asking(checksumHeader),
    checksumTrailer: asking(checksumTrailer),
    chunkSignature: asking(chunkSignature),
    listAfter: asking(listAfter),
    multipart: asking(multipart),
    unequalParts: asking(unequalParts),
    smallParts: asking(smallParts),
    versioning: asking(versioning),
    objectLock: asking(objectLock),
    lockWithoutDigest: asking(lockWithoutDigest),
    async cleanUp(bucket, { signal }) {
      checkBucket(bucket);
      await cleanUp(calls, { bucket, signal });
    },
  };
}
