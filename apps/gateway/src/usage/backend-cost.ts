import type { BackendPrices } from '@sealgate/core/ports';

/** What backends were asked for. */
export interface BackendUse {
  readonly puts: number;
  readonly gets: number;
  readonly lists: number;
  readonly deletes: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** In the currency of the prices. A price that is not known makes no sum, which null says. */
export interface EstimatedCost {
  readonly currency: string;
  readonly storage: number | null;
  readonly egress: number | null;
  /** Of calls that write or list, which providers price alike. Reads and deletions have no price among a backend's facts. */
  readonly requests: number | null;
}

const GB = 1e9;
/** Of an average month, by which providers turn a month's price into an hour's. */
const HOURS_PER_MONTH = 730;

/** What use comes to by a backend's prices; null when it has none. */
export function estimateCost(
  use: BackendUse & { readonly placedByteHours: number },
  prices: BackendPrices | null | undefined,
): EstimatedCost | null {
  if (!prices) return null;
  const times = (quantity: number, price: number | null): number | null => (price === null ? null : quantity * price);
  return {
    currency: prices.currency,
    storage: times(use.placedByteHours / GB / HOURS_PER_MONTH, prices.storagePerGbMonth),
    egress: times(use.bytesReceived / GB, prices.egressPerGb),
    requests: times((use.puts + use.lists) / 1000, prices.per1000Requests),
  };
}
