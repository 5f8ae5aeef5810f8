import { isFault } from '@sealgate/core/faults';
import type { BackendDriver, BackendProbe, ProbeAnswer, ProbeTarget } from '@sealgate/core/ports';

const NO: ProbeAnswer = { verdict: 'no' };
const TRY_BYTES = new TextEncoder().encode('one write under each name');

/** The probe of a backend that is driven directly and speaks no S3: most questions have no meaning there. */
export function createLocalProbe(driver: BackendDriver): BackendProbe {
  const no = (): Promise<ProbeAnswer> => Promise.resolve(NO);
  return {
    conditionalWrite: (target) => refusesSecondWrite(driver, target),
    etagIsMd5: no,
    checksumHeader: no,
    checksumTrailer: no,
    chunkSignature: no,
    // Every driver of ours lists behind a name; the contract suite sees to it.
    listAfter: () => Promise.resolve({ verdict: 'yes' }),
    multipart: no,
    unequalParts: no,
    smallParts: no,
    versioning: no,
    objectLock: no,
    lockWithoutDigest: no,
    async cleanUp(bucket, { signal }) {
      for (let more = true; more; ) {
        const { blobs, truncated } = await driver.list(bucket, { signal, limit: 1000 });
        for (const { key } of blobs) await driver.delete(bucket, key, { signal });
        more = truncated && blobs.length > 0;
      }
      await driver.removeBucket(bucket, { signal });
    },
  };
}

async function refusesSecondWrite(driver: BackendDriver, target: ProbeTarget): Promise<ProbeAnswer> {
  const { bucket, key, signal } = target;
  const blob = { body: TRY_BYTES, bytes: TRY_BYTES.length, signal };
  await driver.put(bucket, key, blob);
  try {
    await driver.put(bucket, key, blob);
    return NO;
  } catch (error) {
    if (isFault(error, 'BackendRefused')) return { verdict: 'yes' };
    throw error;
  }
}
