// Backends that speak S3 on loopback, registered with a gateway: what direct uploads go to.
import { createFakeS3, type FakeS3, type FakeS3Options } from '@sealgate/testkit/fake-s3';
import { admin, type GatewayProcess } from './gateway.ts';

const USER = { accessKeyId: 'AKIDSTORE', secretAccessKey: 'the secret of a store', owner: 'gateway' };
export const STORE_REGION = 'eu-test-1';

export interface Store {
  readonly id: string;
  readonly fake: FakeS3;
}

/** A gateway that may speak to loopback. */
export const LOOPBACK = { SEALGATE_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8' };

export async function addStore(
  gateway: Pick<GatewayProcess, 'credentials'>,
  place: { readonly id: string; readonly country: string; readonly jurisdiction: string },
  options: Pick<FakeS3Options, 'missing'> & { readonly users?: FakeS3Options['users'] } = {},
): Promise<Store> {
  const { users = [], ...rest } = options;
  const fake = await createFakeS3({ users: [USER, ...users], region: STORE_REGION, ...rest });
  const { accessKeyId, secretAccessKey } = USER;
  await admin(gateway, 'POST', '/admin/add-storage', {
    ...{ ...place, type: 's3', endpoint: fake.endpoint, credentials: { accessKeyId, secretAccessKey } },
    ...{
      provider: `store-${place.id}`,
      providerRegion: STORE_REGION,
      region: `region-${place.id}`,
      addressing: 'path',
    },
    operatorJurisdiction: place.country,
  });
  return { id: place.id, fake };
}
