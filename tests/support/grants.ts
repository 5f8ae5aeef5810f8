// What an owner of a backend does, and what others would like to: storage that only its owner has credentials of, and grants made
// by whoever one likes.
import { createFakeS3, type FakeS3 } from '@sealgate/testkit/fake-s3';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { sealGrant } from '../../packages/sealed/src/credentials/index.ts';

export const OWNER = { accessKeyId: 'AK-OF-THE-OWNER', secretAccessKey: 'a secret of the owner alone', owner: 'owner' };

/** An S3 server of somebody else, on loopback. */
export function startForeignStorage(): Promise<FakeS3> {
  return createFakeS3({ users: [OWNER], region: 'eu-test-1' });
}

export interface Signer {
  readonly jwk: JWK;
  /** As agents name it. */
  readonly publicKey: string;
}

export async function newSigner(): Promise<Signer> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  return { jwk, publicKey: jwk.x ?? '' };
}

export interface GrantTerms {
  readonly job: string;
  readonly tenant: string;
  readonly encryptionKey: string;
  readonly backends: readonly {
    readonly id: string;
    readonly endpoint: string;
    readonly region: string;
    readonly bucket: string;
  }[];
}

/** A grant of the owner's credentials by the terms that the gateway told, or by others. */
export function grantBy(
  signer: Signer,
  terms: GrantTerms,
  change: Partial<GrantTerms['backends'][number]> = {},
): Promise<string> {
  const [place] = terms.backends;
  if (place === undefined) throw new Error('the job has no target of a client');
  const { id: backend, ...where } = { ...place, ...change };
  return sealGrant({
    terms: { ak: OWNER.accessKeyId, sk: OWNER.secretAccessKey, job: terms.job, backend, ...where },
    ...{ tenant: terms.tenant, seconds: 600, nowMs: Date.now(), signer: signer.jwk },
    agentKey: new Uint8Array(Buffer.from(terms.encryptionKey, 'base64')),
  });
}
