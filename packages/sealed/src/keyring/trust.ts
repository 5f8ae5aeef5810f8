import { equalBytes, utf8 } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { type Keyring, readKeyring } from './keyring.ts';

/** What an owner remembers of its keyring, outside of any gateway's reach. */
export interface KeyringPin {
  readonly tenant: string;
  /** Thumbprint URI of the root key; learned from the owner and not from a gateway. */
  readonly rootKeyId: string;
  /** The highest number that was seen, and the digest of that keyring; 0 and null before the first. */
  readonly seq: number;
  readonly digest: string | null;
}

/**
 * The newest of the keyrings that a gateway offers, if all of them can be believed: signed by the pinned root, for this
 * tenant, one following the other without a gap from the one that was seen last.
 *
 * @param offered ascending, from number `max(1, pin.seq)` on
 * @returns the newest one, and what is to be remembered from now on
 * @throws SealError `keyring-missing` (there is none), `keyring-rollback` (older than what was seen), `keyring-forked`
 *   (another one of a number that was seen, or one that does not follow), `keyring-untrusted` (another root or tenant),
 *   `malformed-keyring`
 */
export async function trustKeyrings(
  pin: KeyringPin,
  offered: readonly string[],
): Promise<{ readonly keyring: Keyring; readonly pin: KeyringPin }> {
  if (offered.length === 0) throw new SealError(pin.seq === 0 ? 'keyring-missing' : 'keyring-rollback');
  let newest: Keyring | undefined;
  for (const text of offered) {
    const keyring = await readKeyring(text);
    assertRoot(keyring, pin);
    if (newest === undefined) assertSeen(keyring, pin);
    else assertFollows(keyring, newest);
    newest = keyring;
  }
  if (newest === undefined) throw new SealError('keyring-missing');
  return { keyring: newest, pin: { ...pin, seq: newest.seq, digest: newest.digest } };
}

/** @throws SealError `keyring-forked` */
export function assertFollows(
  next: Pick<Keyring, 'seq' | 'prev'>,
  before: Pick<Keyring, 'seq' | 'digest'> | undefined,
): void {
  const follows = before === undefined ? next.seq === 1 : next.seq === before.seq + 1 && next.prev === before.digest;
  if (!follows) throw new SealError('keyring-forked', 'It does not follow the one before.');
}

function assertRoot(keyring: Keyring, pin: KeyringPin): void {
  if (!same(keyring.rootKeyId, pin.rootKeyId))
    throw new SealError('keyring-untrusted', 'It is signed by another root.');
  if (keyring.tenant !== pin.tenant) throw new SealError('keyring-untrusted', 'It is of another tenant.');
}

/** The first one that is offered is the one that was seen last, or the very first. */
function assertSeen(first: Keyring, pin: KeyringPin): void {
  if (pin.seq === 0) {
    assertFollows(first, undefined);
    return;
  }
  if (first.seq < pin.seq) throw new SealError('keyring-rollback');
  if (first.seq > pin.seq || !same(first.digest, pin.digest ?? '')) {
    throw new SealError('keyring-forked', 'It is not the one that was seen before.');
  }
}

function same(a: string, b: string): boolean {
  return equalBytes(utf8(a), utf8(b));
}
