import { Fault } from '@sealgate/core/faults';
import { type Keyring, type KeyringPin, trustKeyrings } from '@sealgate/sealed/keyring';
import type { ControlClient } from '../control/control-client.ts';
import { isJsonObject } from '../files/json.ts';
import type { KeyringFiles } from './keyring-files.ts';

/** Answers of a hundred keyrings each: nobody has published as many. */
const PAGES_MAX = 100;

/**
 * The tenant's newest keyring, checked from the root and the number that are pinned, which is remembered then.
 * @throws SealError `keyring-missing`, `keyring-rollback`, `keyring-forked`, `keyring-untrusted`, `malformed-keyring`
 */
export async function fetchTrusted(
  deps: { readonly control: ControlClient; readonly files: KeyringFiles },
  pin: KeyringPin,
): Promise<Keyring> {
  const documents: string[] = [];
  // The one that was seen last comes along, to be compared with what is remembered of it.
  let after = Math.max(0, pin.seq - 1);
  for (let page = 0, more = true; more; page += 1) {
    if (page === PAGES_MAX) throw malformed();
    const answer = await deps.control.get('/proxy/keyrings', { tenant: pin.tenant, after: String(after) });
    const items = Array.isArray(answer['items']) ? answer['items'].filter(isJsonObject) : [];
    for (const { document } of items) {
      if (typeof document !== 'string') throw malformed();
      documents.push(document);
    }
    more = answer['more'] === true && items.length > 0;
    after += items.length;
  }
  const trusted = await trustKeyrings(pin, documents);
  if (trusted.pin.seq !== pin.seq) await deps.files.savePin(trusted.pin);
  return trusted.keyring;
}

function malformed(): Fault {
  return new Fault('InternalError', 'The control listener gave an answer that is none about keyrings.');
}
