import type { Head } from './exchange.ts';

/** Sent with what would otherwise be refused under GOVERNANCE retention. Needs the right of the same name. */
export const BYPASS_GOVERNANCE = { 'x-amz-bypass-governance-retention': 'true' } as const;

/** One header's value; the first when it came several times. */
export function headerOf(headers: Head['headers'], name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** A header that is a count of bytes, or undefined when it is missing or none. */
export function bytesOf(headers: Head['headers'], name: string): number | undefined {
  const value = headerOf(headers, name);
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
