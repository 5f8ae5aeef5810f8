import { Fault } from '@sealgate/core/faults';
import { type CustomerKey, parseCopySourceCustomerKey, parseCustomerKey } from '@sealgate/s3';
import { clientOf } from '../../net/client-address.ts';
import type { EncryptionContext } from './settings.ts';

/**
 * The key that the client sent, over a connection that keeps it secret.
 * @param of `object`: what the request reads or writes. `copy-source`: what it copies from.
 * @throws Fault InvalidArgument, InvalidEncryptionAlgorithmError, InvalidRequest (the connection)
 */
export function customerKeyOf(context: EncryptionContext, of: 'object' | 'copy-source'): CustomerKey | undefined {
  const { headers } = context;
  const key = of === 'object' ? parseCustomerKey(headers) : parseCopySourceCustomerKey(headers);
  if (key !== undefined) requireSecrecy(context);
  return key;
}

/** AWS takes keys over https only. So do we, but from this machine itself and where the operator says otherwise. */
export function requireSecrecy(context: EncryptionContext): void {
  const { address, secure } = clientOf(context.request);
  const secret =
    secure ||
    // Whatever ends TLS in front of us is what clients are told to speak to.
    context.publicUrl.startsWith('https:') ||
    isLoopback(address) ||
    context.encryption.customerKeysOverHttp;
  if (secret) return;
  throw new Fault(
    'InvalidRequest',
    'Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.',
  );
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(::1$|(::ffff:)?127\.)/.test(address);
}
