import { presignUrl } from '@sealgate/s3';
import {
  admin,
  createBucket,
  type GatewayProcess,
  newDataDir,
  removeDataDir,
  startGateway,
} from '../../tests/support/gateway.ts';
import type { BareOrder, Code } from '../processes/bare.ts';
import type { LoadOrder, LoadResult } from '../processes/load.ts';
import type { UpstreamOrder } from '../processes/upstream.ts';
import { databaseOf } from './database.ts';
import { type Helper, startHelper } from './helper.ts';

/** Everything that the rows about the data path measure: upstream, baselines, gateway and generator, each a process. */
export interface Scene {
  /** The baselines' address: GET is the bare proxy, PUT the bare tee. */
  readonly bareOrigin: string;
  readonly barePid: number;
  /** The same with the duties that the rows promise: see processes/bare.ts. */
  readonly dutifulOrigin: string;
  readonly dutifulPid: number;
  readonly gateway: GatewayProcess;
  load(order: LoadOrder): Promise<LoadResult>;
  /** Path and query of a request that the gateway takes for an hour. */
  signed(method: 'GET' | 'PUT', path: string, query?: string): string;
  close(): Promise<void>;
}

export interface SceneOptions {
  readonly workers?: number;
  /** Folder for a CPU profile of the gateway, written when it ends. */
  readonly profileDir?: string | undefined;
  /** Three that keep payload alone, unless given. */
  readonly upstreams?: UpstreamOrder;
  /** The dutiful baseline writes shards of this code, one to each upstream. */
  readonly code?: Code;
}

/** The bucket of the bench: no sealing, so that both sides move the same bytes. */
export const BUCKET = 'bench';
const SIGNED_SECONDS = 3600;
/** Of the standard class, and of the bare tee. */
const COPIES = 3;

export async function openScene(options: SceneOptions = {}): Promise<Scene> {
  const undo: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  const helper = (name: string): Helper => {
    const started = startHelper(name);
    undo.push(() => started.stop());
    return started;
  };
  try {
    const [upstream, bare, dutiful, generator] = [helper('upstream'), helper('bare'), helper('bare'), helper('load')];
    const ports = await upstream.ask<readonly number[]>(options.upstreams ?? { servers: COPIES, hashed: false });
    const teed = ports.slice(0, COPIES);
    const barePort = await bare.ask<number>({ ports: teed } satisfies BareOrder);
    const gateway = await openGateway(options, undo);
    const database = databaseOf(gateway);
    const dutifulPort = await dutiful.ask<number>(
      (options.code === undefined
        ? { ports: teed, database }
        : { ports, database, code: options.code }) satisfies BareOrder,
    );
    await registerUpstreams(gateway, ports);
    await createBucket(gateway, BUCKET, { encryption: 'off' });
    return {
      bareOrigin: `http://127.0.0.1:${barePort}`,
      barePid: bare.pid,
      dutifulOrigin: `http://127.0.0.1:${dutifulPort}`,
      dutifulPid: dutiful.pid,
      gateway,
      load: (order) => generator.ask<LoadResult>(order),
      signed: (method, path, query) => signedPath(gateway, { method, path, query }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export async function openGateway(options: SceneOptions, undo: (() => Promise<void>)[]): Promise<GatewayProcess> {
  const dataDir = newDataDir();
  undo.push(async () => removeDataDir(dataDir));
  const profile = options.profileDir;
  const gateway = await startGateway({
    dataDir,
    env: {
      SEALGATE_DEMO_BACKENDS: 'false',
      SEALGATE_ALLOW_PRIVATE_ENDPOINTS: 'true',
      // What is compared with encrypts nothing either, nor does the gateway with what clients sealed.
      SEALGATE_DEFAULT_ENCRYPTION: 'none',
      SEALGATE_WORKERS: String(options.workers ?? 1),
      ...(profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` }),
    },
  });
  undo.push(async () => {
    await gateway.stop();
  });
  return gateway;
}

/** Providers in countries of one jurisdiction: the first three for the standard class's copies, all six for shards. */
const PLACES = [
  { id: 'bench-hel', region: 'fi-helsinki', country: 'FI' },
  { id: 'bench-fra', region: 'de-frankfurt', country: 'DE' },
  { id: 'bench-par', region: 'fr-paris', country: 'FR' },
  { id: 'bench-ams', region: 'nl-amsterdam', country: 'NL' },
  { id: 'bench-sto', region: 'se-stockholm', country: 'SE' },
  { id: 'bench-rom', region: 'it-rome', country: 'IT' },
] as const;

export async function registerUpstreams(gateway: GatewayProcess, ports: readonly number[]): Promise<void> {
  for (const [index, place] of PLACES.slice(0, ports.length).entries()) {
    await admin(gateway, 'POST', '/admin/add-storage', {
      ...place,
      type: 's3',
      endpoint: `http://127.0.0.1:${ports[index] ?? 0}`,
      credentials: { accessKeyId: 'bench', secretAccessKey: 'bench-secret' },
      provider: 'bench',
      providerRegion: 'us-east-1',
      jurisdiction: 'EU',
      operatorJurisdiction: place.country,
    });
  }
}

export function signedPath(
  gateway: Pick<GatewayProcess, 'credentials'>,
  request: { readonly method: string; readonly path: string; readonly query?: string | undefined },
): string {
  const { s3Endpoint, region, accessKeyId, secretAccessKey } = gateway.credentials;
  const url = new URL(
    presignUrl({
      method: request.method,
      origin: s3Endpoint,
      rawPath: request.path,
      ...(request.query === undefined ? {} : { rawQuery: request.query }),
      credentials: { accessKeyId, secretAccessKey },
      region,
      nowMs: Date.now(),
      expiresSeconds: SIGNED_SECONDS,
    }),
  );
  return url.pathname + url.search;
}
