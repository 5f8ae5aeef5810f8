import type { BackendId } from '../names/index.ts';
import type { Backend } from '../ports/index.ts';

/** Of a place that nobody pinned: two backends that say so need not be near each other. */
const UNPINNED: ReadonlySet<string> = new Set(['', 'EU', 'XX']);

/**
 * Where a backend is best filled from, best first: what answers before what does not; then what lies nearest to it, since
 * bytes that stay in a provider's region, a region or a country cost least and travel shortest; then the lower price of
 * what is read. A price in another currency than most of them have cannot be compared and counts as not known, and one that is not known comes
 * last, as it does when a place is chosen. What remains equal keeps its order, which is that of health and latency.
 *
 * @param sources best first, as reads would take them
 */
export function sourcesFor(target: Backend, sources: readonly Backend[]): BackendId[] {
  const currency = commonCurrency(sources);
  const ranked = sources.map((source) => ({
    id: source.id,
    ranks: [source.state === 'unhealthy' ? 1 : 0, distance(target, source), egressPrice(source, currency)],
  }));
  return ranked.sort((a, b) => byRanks(a.ranks, b.ranks)).map(({ id }) => id);
}

/** 0: region of the same provider, 1: region, 2: country and provider, 3: country, 4: elsewhere or not known. */
function distance(target: Backend, source: Backend): number {
  const provider = target.provider !== '' && target.provider === source.provider;
  const country = !UNPINNED.has(target.country) && target.country === source.country;
  // Two countries never share a region, whatever labels an operator gave.
  const region = target.region !== '' && target.region === source.region && target.country === source.country;
  if (region) return provider ? 0 : 1;
  return country ? (provider ? 2 : 3) : 4;
}

function egressPrice({ prices }: Backend, currency: string | undefined): number {
  const price = prices?.currency === currency ? prices?.egressPerGb : null;
  return price ?? Number.POSITIVE_INFINITY;
}

/** The currency of most prices; of as many, the first by name. */
function commonCurrency(sources: readonly Backend[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { prices } of sources) {
    if (typeof prices?.egressPerGb === 'number') counts.set(prices.currency, (counts.get(prices.currency) ?? 0) + 1);
  }
  const order = [...counts].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  return order[0]?.[0];
}

function byRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, rank] of a.entries()) {
    const other = b[index] ?? 0;
    if (rank !== other) return rank < other ? -1 : 1;
  }
  return 0;
}
