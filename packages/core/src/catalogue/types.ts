/** What a source says of a feature. `unknown`: no source was found, which never means no. */
export type Claim = 'yes' | 'no' | 'unknown';

/** One region of one provider, as data/providers/README.md describes it. Claims, not proofs: a probe overrides them. */
export interface CatalogueEntry {
  /** Unique in the catalogue. */
  readonly zone: string;
  readonly providerId: string;
  readonly provider: string;
  /** ISO 3166-1 alpha-2, `EU` when no member is pinned, `XX` when nothing is. */
  readonly country: string;
  readonly regionName: string;
  /** What requests are signed for. */
  readonly providerRegion: string;
  /** https URL; `{name}` stands for what the customer's account fills in. */
  readonly endpoint: string;
  /** The names in braces of the endpoint. */
  readonly endpointParameters: readonly string[];
  /** EU, EEA, CH, UK, ..., `GLOBAL` or `unknown`. */
  readonly jurisdiction: string;
  /** Seat of the operator's ultimate parent, alpha-2, or `unknown`. */
  readonly operatorJurisdiction: string;
  readonly s3Compatible: 'yes' | 'partial' | 'no';
  readonly capabilities: Readonly<Record<CatalogueCapability, Claim>>;
  readonly iso27001: Claim;
  readonly nationalScheme: 'SecNumCloud' | 'C5' | 'no' | 'unknown';
  /** A data processing agreement under the GDPR is offered. */
  readonly gdprAgreement: Claim;
  readonly veeamListed: Claim;
  readonly addressing: 'path' | 'virtual' | 'both' | 'unknown';
  readonly storageClassNotes: string;
  readonly notes: readonly string[];
  readonly sources: readonly string[];
  /** ISO 8601 date. */
  readonly verifiedOn: string;
}

export type CatalogueCapability = 'objectLock' | 'versioning' | 'sseC' | 'conditionalWrite';

/** All members must match; an absent one matches everything. Unknown facts match nothing that is asked for. */
export interface CatalogueFilter {
  readonly providerId?: string;
  /** Somewhere in the names of provider, zone or region, in any case. */
  readonly text?: string;
  /** ISO 3166-1 alpha-2. */
  readonly country?: string;
  /** A jurisdiction or country that the data must lie in, as a region lock reads it. */
  readonly within?: string;
  /** Seat of the operator's ultimate parent: a jurisdiction or country it must be in. */
  readonly operatorWithin?: string;
  /** A jurisdiction or country that the operator's parent must certainly not be in. */
  readonly operatorOutside?: string;
  /** Claimed with yes. */
  readonly capabilities?: readonly CatalogueCapability[];
  /** Claimed certificates: `ISO 27001`, `C5`, `SecNumCloud`. */
  readonly certificates?: readonly string[];
}
