import { certificateKey } from '../places/certificates.ts';
import type { Backend } from '../ports/index.ts';
import { backendFacts } from './filter.ts';
import type { CatalogueEntry } from './types.ts';

/** A fact of a registered backend that the catalogue tells otherwise now. */
export interface CatalogueDifference {
  readonly fact: 'country' | 'jurisdiction' | 'operatorJurisdiction' | 'certificates';
  readonly recorded: string;
  readonly catalogue: string;
}

type LegalFacts = Pick<Backend, 'country' | 'jurisdiction' | 'operatorJurisdiction' | 'certificates'>;

/**
 * Where the recorded legal facts of a backend differ from its row of the catalogue. Nothing follows from a difference but
 * that an operator is told: only their word changes what is recorded.
 */
export function catalogueDifferences(backend: LegalFacts, entry: CatalogueEntry): readonly CatalogueDifference[] {
  const claimed = backendFacts(entry);
  const facts = ['country', 'jurisdiction', 'operatorJurisdiction'] as const;
  const differences: CatalogueDifference[] = facts
    .filter((fact) => backend[fact] !== claimed[fact])
    .map((fact) => ({ fact, recorded: backend[fact], catalogue: claimed[fact] }));
  // A certificate that the catalogue does not know of is the operator's own knowledge.
  const held = new Set(backend.certificates.map(certificateKey));
  const claims = claimed.certificates.filter((name) => !held.has(certificateKey(name)));
  if (claims.length === 0) return differences;
  const recorded = backend.certificates.join(', ');
  return [...differences, { fact: 'certificates', recorded, catalogue: claimed.certificates.join(', ') }];
}
