import { isIP } from 'node:net';
import type { AuditActor } from '@sealgate/core/ports';
import type { Terms } from '../db/terms.ts';

/** Who and from where, as the columns of an audit entry. */
export type ActorColumns = readonly [actor: number, requestId: string, remoteAddress: string | null];

export const SYSTEM_ACTOR: AuditActor = { kind: 'system', id: 'metadata', requestId: '' };

export async function actorColumns(actor: AuditActor, terms: Terms): Promise<ActorColumns> {
  return [await terms.idOf('actor', `${actor.kind}:${actor.id}`), actor.requestId, plainAddress(actor.remoteAddress)];
}

/** An address that the inet type takes: IPv4 in IPv6 as IPv4, zones cut off, anything else left out. */
function plainAddress(address: string | undefined): string | null {
  if (address === undefined) return null;
  const plain = address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(plain) === 0 ? null : plain;
}
