// The owner's side of a gateway: its keys, its sealing client, and what its recovery manifests say. For tests that need many
// objects, where a process for each would take minutes.
import { Readable } from 'node:stream';
import { createKeyring, createSealedClient } from '@sealgate/client';
import { importPrivateKey, importPublicKey, type KeyPair } from '@sealgate/sealed/keys';
import { openDocument } from '../../apps/cli/src/documents/open-document.ts';
import { type GatewayProcess, sealgate } from './gateway.ts';
import { contentOf, walkFiles } from './stored-files.ts';

export type OwnerKey = KeyPair;

export interface Owner {
  put(key: string, bytes: Buffer): Promise<void>;
  /** Rejects with a SealError when it cannot be opened. */
  get(key: string): Promise<Buffer>;
}

/** A key of the command line's store, by its name there. */
export async function ownerKey(gateway: GatewayProcess, name: string): Promise<OwnerKey> {
  const { stdout } = await sealgate(gateway, ['keys', 'export', name, '--private']);
  const jwk = JSON.parse(stdout) as object;
  return { ...(await importPublicKey(jwk)), ...(await importPrivateKey(jwk)) };
}

export function ownerOf(
  gateway: GatewayProcess,
  bucket: string,
  keys: { readonly recipients: readonly OwnerKey[]; readonly opening: readonly OwnerKey[] },
): Owner {
  const { s3Endpoint: endpoint, region, accessKeyId, secretAccessKey, tenant } = gateway.credentials;
  const credentials = { accessKeyId, secretAccessKey };
  const client = createSealedClient({ endpoint, region, tenant, credentials, keys: createKeyring(keys) });
  return {
    async put(key, bytes) {
      await client.putSealed({ bucket, key }, new Uint8Array(bytes));
    },
    async get(key) {
      const { body } = await client.getSealed({ bucket, key });
      return Buffer.from(await new Response(body).arrayBuffer());
    },
  };
}

/** All that recovery manifests in a folder of filesystem backends say; without those that go while it is read. */
export async function manifestText(backends: string, key: OwnerKey): Promise<string> {
  const findKey = (keyId: string) => Promise.resolve(keyId === key.keyId ? key : undefined);
  let text = '';
  for (const path of walkFiles(backends)) {
    const content = path.includes('/r@/') ? contentOf(path) : undefined;
    if (content === undefined) continue;
    const pieces = openDocument(Readable.from([content]), { purpose: 'recovery-manifest', findKey });
    for await (const piece of pieces) text += piece.toString();
  }
  return text;
}
