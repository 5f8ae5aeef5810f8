import { type Fault, toFault } from '@sealgate/core/faults';
import type { SimulatedGateway } from '@sealgate/testkit/cluster';
import type { History } from './history.ts';

/** `refused`: it did not happen, by the engine's word. `unknown`: the client cannot say. */
export type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'refused'; readonly fault: Fault }
  | { readonly kind: 'unknown' };

/** One request to one gateway. The client of a gateway that dies learns nothing. */
export async function attempt<T>(
  gateway: SimulatedGateway,
  history: History,
  work: () => Promise<T>,
): Promise<Attempt<T>> {
  const { signal } = gateway.life;
  let forget = (): void => undefined;
  const died = new Promise<Attempt<T>>((resolve) => {
    const onEnd = (): void => resolve({ kind: 'unknown' });
    signal.addEventListener('abort', onEnd, { once: true });
    forget = () => signal.removeEventListener('abort', onEnd);
    if (signal.aborted) onEnd();
  });
  try {
    return await Promise.race([died, work().then((value): Attempt<T> => ({ kind: 'done', value }))]);
  } catch (error) {
    const fault = toFault(error);
    if (fault.code === 'InternalError') {
      const { cause } = fault;
      history.violate('no-internal-error', cause instanceof Error ? (cause.stack ?? cause.message) : fault.message);
    }
    // Only the database's silence leaves the outcome open.
    return fault.code === 'DatabaseUnavailable' ? { kind: 'unknown' } : { kind: 'refused', fault };
  } finally {
    forget();
  }
}
