import { exportPublicKey } from '@sealgate/sealed/keys';
import type { ControlClient } from '../control/control-client.ts';
import type { StoredKey } from './key-store.ts';

/** Registers the public half of a key as a recovery key of a tenant. @throws Fault */
export async function publishKey(control: ControlClient, tenant: string, key: StoredKey): Promise<void> {
  const jwk = await exportPublicKey(await key.publicKey());
  await control.send('POST', '/proxy/recovery-keys', { tenant, jwk: { ...jwk }, label: key.name });
}
