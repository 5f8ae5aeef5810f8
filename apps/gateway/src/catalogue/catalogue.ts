import { readFile } from 'node:fs/promises';
import {
  type CatalogueDifference,
  type CatalogueEntry,
  catalogueDifferences,
  parseCatalogue,
} from '@sealgate/core/catalogue';
import { Fault, isFault } from '@sealgate/core/faults';
import type { Backend } from '@sealgate/core/ports';

/** The catalogue that comes with the gateway. */
const SHIPPED = new URL('../../../../data/providers/providers.csv', import.meta.url);

/** The provider catalogue of this process: read once, at the start. */
export interface Catalogue {
  readonly entries: readonly CatalogueEntry[];
  zone(code: string): CatalogueEntry | undefined;
  /** What the catalogue says otherwise than a backend's record. Empty for one that was not taken from it. */
  differences(backend: Backend): readonly CatalogueDifference[];
}

/**
 * @param path another file than the shipped one
 * @throws Fault ConfigInvalid that names the line
 */
export async function loadCatalogue(path: string | undefined): Promise<Catalogue> {
  const from = path ?? SHIPPED;
  let text: string;
  try {
    text = await readFile(from, 'utf8');
  } catch (cause) {
    throw new Fault('ConfigInvalid', `The provider catalogue ${path ?? 'of this copy'} cannot be read.`, { cause });
  }
  try {
    return createCatalogue(parseCatalogue(text));
  } catch (error) {
    if (!isFault(error) || path === undefined) throw error;
    throw new Fault('ConfigInvalid', `SEALGATE_PROVIDER_CATALOGUE (${path}): ${error.message}`, { cause: error });
  }
}

function createCatalogue(entries: readonly CatalogueEntry[]): Catalogue {
  const zones = new Map(entries.map((entry) => [entry.zone, entry]));
  return {
    entries,
    zone: (code) => zones.get(code),
    differences(backend) {
      const entry = backend.zone ? zones.get(backend.zone) : undefined;
      return entry === undefined ? [] : catalogueDifferences(backend, entry);
    },
  };
}
