// Backends that speak S3 on loopback, registered with a gateway: what direct uploads go to.
import { createFakeS3, type FakeS3, type FakeS3Options } from '@sealgate/testkit/fake-s3';
import { admin, type GatewayProcess } from './gateway.ts';

const USER = { accessKeyId: 'AKIDSTORE', secretAccessKey: 'the secret of a store', owner: 'gateway' };
export const STORE_REGION = 'eu-test-1';

export interface Store {
  readonly id: string;
  readonly fake: FakeS3;
}

interface Place {
  readonly id: string;
  readonly country: string;
  readonly jurisdiction: string;
}

/** A gateway that may speak to loopback. */
export const LOOPBACK = { SEALGATE_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8' };

export async function addStore(
  gateway: Pick<GatewayProcess, 'credentials'>,
  place: Place,
  options: Pick<FakeS3Options, 'missing'> & { readonly users?: FakeS3Options['users'] } = {},
): Promise<Store> {
  const { users = [], ...rest } = options;
  const fake = await createFakeS3({ users: [USER, ...users], region: STORE_REGION, ...rest });
  await addServer(gateway, place, serverOf(fake));
  return { id: place.id, fake };
}

/** What it takes to speak to an S3 server. */
export interface S3Server {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A server of our own that is registered nowhere. */
export async function imitatedServer(): Promise<{ readonly server: S3Server; close(): Promise<void> }> {
  const fake = await createFakeS3({ users: [USER], region: STORE_REGION });
  return { server: serverOf(fake), close: () => fake.close() };
}

function serverOf({ endpoint }: FakeS3): S3Server {
  const { accessKeyId, secretAccessKey } = USER;
  return { endpoint, region: STORE_REGION, accessKeyId, secretAccessKey };
}

/** Registers a server as a backend. */
export async function addServer(
  gateway: Pick<GatewayProcess, 'credentials'>,
  place: Place,
  { endpoint, region, accessKeyId, secretAccessKey }: S3Server,
): Promise<void> {
  await admin(gateway, 'POST', '/admin/add-storage', {
    ...{ ...place, type: 's3', endpoint, credentials: { accessKeyId, secretAccessKey } },
    ...{ provider: `store-${place.id}`, providerRegion: region, region: `region-${place.id}`, addressing: 'path' },
    operatorJurisdiction: place.country,
  });
}
