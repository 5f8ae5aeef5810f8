import type { CatalogueEntry } from '@sealgate/core/catalogue';
import { Fault } from '@sealgate/core/faults';
import type { Catalogue } from './catalogue.ts';

/**
 * The entry that a request names by its zone; undefined when it names none.
 * @throws Fault ValidationFailed when there is no such zone, or when it is another provider's
 */
export function namedZone(
  catalogue: Pick<Catalogue, 'zone'>,
  { zone, provider }: { readonly zone?: string | undefined; readonly provider?: string | undefined },
): CatalogueEntry | undefined {
  if (zone === undefined) return undefined;
  const entry = catalogue.zone(zone);
  if (entry === undefined) {
    throw new Fault(
      'ValidationFailed',
      `The provider catalogue has no zone "${zone.slice(0, 64)}". GET /providers lists them.`,
    );
  }
  if (provider !== undefined && provider !== entry.providerId) {
    throw new Fault('ValidationFailed', `The zone ${entry.zone} is one of ${entry.providerId}, not of "${provider}".`);
  }
  return entry;
}
