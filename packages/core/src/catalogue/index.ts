export { type CatalogueDifference, catalogueDifferences } from './compare.ts';
export { backendFacts, type CatalogueFacts, filterCatalogue } from './filter.ts';
export { parseCatalogue } from './parse.ts';
export type { CatalogueCapability, CatalogueEntry, CatalogueFilter, Claim } from './types.ts';
