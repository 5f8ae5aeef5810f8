import type { Preference } from '../policy/types.ts';
import type { Backend } from '../ports/index.ts';

/** Between these a price for a GB-month and a latency count; outside they count as the bound, unknown as the worst. */
const PRICE = { least: 0.0001, most: 1 };
const LATENCY_MS = { least: 1, most: 1000 };

/**
 * The weight of a backend under a preference: its own weight, by price and expected latency to the given powers. Only
 * proportions between weights count, and none depends on the other backends, so one that comes or goes moves no more
 * than without a preference.
 */
export function preferredWeight(backend: Backend, preference: Preference | null): number {
  if (preference === null) return backend.weight;
  const { prices, expectedLatencyMs } = backend;
  const price = prices?.currency === preference.currency ? prices.storagePerGbMonth : null;
  return (
    backend.weight *
    within(price, PRICE) ** -preference.price *
    within(expectedLatencyMs ?? null, LATENCY_MS) ** -preference.latency
  );
}

function within(value: number | null, { least, most }: { readonly least: number; readonly most: number }): number {
  return value === null ? most : Math.min(Math.max(value, least), most);
}
