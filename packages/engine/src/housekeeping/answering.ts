import type { BackendId } from '@sealgate/core/names';
import type { BackendDriver, BackendPool } from '@sealgate/core/ports';

/**
 * The driver of a backend that is to remove something; undefined also while it is away: asked then, it would hold up a whole
 * batch until its timeout, and with it what is to go elsewhere.
 */
export function answeringDriver(pool: Pick<BackendPool, 'all' | 'driver'>, id: BackendId): BackendDriver | undefined {
  const isAway = pool.all().some((backend) => backend.id === id && backend.state === 'unhealthy');
  return isAway ? undefined : pool.driver(id);
}
