import { NOTIFICATION_ATTEMPTS_MAX, NOTIFICATION_RETRY_DELAY_MS, NOTIFICATION_RETRY_DELAY_MS_MAX } from '../limits.ts';

/**
 * When to try again after the `attempts`-th try failed; undefined: never, the message is a dead letter. Doubles up to a
 * bound; the upper half of each delay is chance, so that messages that failed together do not come back together.
 * @param random from 0 to below 1
 */
export function retryDelayMs(attempts: number, random: number): number | undefined {
  if (attempts >= NOTIFICATION_ATTEMPTS_MAX) return undefined;
  const full = Math.min(NOTIFICATION_RETRY_DELAY_MS * 2 ** (attempts - 1), NOTIFICATION_RETRY_DELAY_MS_MAX);
  return Math.round(full * (0.5 + random / 2));
}
