// The last copies of an object may come in after the answer to its PUT: what counts copies waits for them first.
import { admin, type GatewayProcess } from './gateway.ts';
import { until } from './poll.ts';

/** Waits until every copy of these objects is stored, as the gateway knows it. */
export async function untilStored(
  gateway: Pick<GatewayProcess, 'credentials'>,
  bucket: string,
  keys: Iterable<string>,
): Promise<void> {
  const left = new Set(keys);
  const look = async (): Promise<readonly string[]> => {
    for (const key of left) {
      const path = `/admin/stat/${gateway.credentials.tenant}/${bucket}?key=${encodeURIComponent(key)}`;
      const { blobs } = await admin<{ blobs: readonly { replicas: readonly { state: string }[] }[] }>(
        gateway,
        'GET',
        path,
      );
      if (blobs.every(({ replicas }) => replicas.every(({ state }) => state === 'stored'))) left.delete(key);
    }
    return [...left];
  };
  await until(look, (keysLeft) => keysLeft.length === 0, { what: `all copies of what is in ${bucket}` });
}
