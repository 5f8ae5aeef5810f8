export { backendFacts, type CatalogueFacts, filterCatalogue } from './filter.ts';
export { parseCatalogue } from './parse.ts';
export type { CatalogueCapability, CatalogueEntry, CatalogueFilter, Claim } from './types.ts';
