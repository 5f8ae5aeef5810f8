import { Fault } from '@sealgate/core/faults';
import type { Backend, BackendDriver, BackendPool } from '@sealgate/core/ports';
import type { BackendLink } from '@sealgate/runtime/backends';
import type { Grant } from '@sealgate/sealed/credentials';

/** Why a grant that is good is of no use here; undefined: it fits the backend as the gateway describes it. */
export function misfit(backend: Backend | undefined, grant: Grant): string | undefined {
  if (backend === undefined) return 'the backend is not known';
  if (backend.custody !== 'client') return 'the backend is not in the custody of clients';
  if (backend.type !== 's3') return 'the backend does not speak S3';
  // Who signed meant one place. Whoever tells this agent of another one gets no request signed with these credentials.
  if (new URL(backend.endpoint).href !== hrefOf(grant.endpoint)) return 'it is for another endpoint';
  return undefined;
}

function hrefOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).href : undefined;
}

/** What the credentials of a grant may be used for: to look at, read and write blobs in its one bucket. */
export function narrowed(driver: BackendDriver, grant: Grant): BackendDriver {
  const check = (bucket: string): void => {
    if (bucket !== grant.bucket) throw forbidden();
  };
  return {
    async ensureBucket(bucket, options) {
      check(bucket);
      await driver.ensureBucket(bucket, options);
    },
    removeBucket: () => Promise.reject(forbidden()),
    async put(bucket, key, blob) {
      check(bucket);
      return await driver.put(bucket, key, blob);
    },
    async get(bucket, key, options) {
      check(bucket);
      return await driver.get(bucket, key, options);
    },
    async head(bucket, key, options) {
      check(bucket);
      return await driver.head(bucket, key, options);
    },
    delete: () => Promise.reject(forbidden()),
    list: () => Promise.reject(forbidden()),
    ping: (options) => driver.ping(options),
    close: () => driver.close(),
  };
}

function forbidden(): Fault {
  return new Fault('BackendRefused', 'The credentials were not granted for this.');
}

/** The agent's own backends and, for one job, one more. */
export function withGranted(pool: BackendPool, backend: Backend, { driver }: Pick<BackendLink, 'driver'>): BackendPool {
  const { id } = backend;
  const reachable: Backend = { ...backend, state: 'healthy' };
  return {
    all: () => pool.all().map((each) => (each.id === id ? { ...reachable, background: each.background ?? {} } : each)),
    driver: (each) => (each === id ? driver : pool.driver(each)),
    writable: () => new Set([...pool.writable(), id]),
    full: () => pool.full(),
    readOrder: (ids) => {
      const wanted = [...ids];
      return [...pool.readOrder(wanted), ...(wanted.includes(id) ? [id] : [])];
    },
    latencyMs: (each) => pool.latencyMs(each),
    report: (each, outcome) => {
      if (each !== id) pool.report(each, outcome);
    },
  };
}
