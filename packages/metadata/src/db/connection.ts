import type { PoolConfig } from 'pg';
import {
  IDLE_TRANSACTION_TIMEOUT_MS,
  LOCK_TIMEOUT_MS,
  POOL_IDLE_MS,
  POOL_WAIT_MS,
  QUERY_TIMEOUT_MS,
  STATEMENT_TIMEOUT_MS,
} from '../limits.ts';

// https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/catalog/pg_type.dat
const INT8 = 20;
const TIMESTAMPTZ = 1184;
const TEXT_BY_DEFAULT = new Set([18, 25, 1043, 2950, 869]);
const INTEGERS = new Set([21, 23]);

/**
 * Session settings. Every statement of ours is served by an index, whatever its values are and whatever the statistics
 * of a table that has just grown say: one plan, made once. JIT compilation costs more than any of them takes.
 */
const SESSION = [
  '-c TimeZone=UTC',
  '-c jit=off',
  '-c enable_seqscan=off',
  '-c plan_cache_mode=force_generic_plan',
  '-c bytea_output=hex',
  '-c search_path=pg_catalog',
].join(' ');

/**
 * The text of a timestamptz as milliseconds since 1970. Our sessions show UTC, and a listing has a thousand of them: that
 * form is read digit by digit, in a tenth of the time.
 */
export function parseTimestamp(text: string): number {
  if (!UTC_FORM.test(text)) {
    return Date.parse(`${text.slice(0, 10)}T${text.slice(11).replace(/[+-]\d\d$/, '$&:00')}`);
  }
  const at = (start: number, end: number): number => {
    let value = 0;
    for (let i = start; i < end; i += 1) value = value * 10 + text.charCodeAt(i) - DIGIT_ZERO;
    return value;
  };
  const fractionEnd = Math.min(text.length - 3, 23);
  const ms = fractionEnd > 20 ? at(20, fractionEnd) * 10 ** (23 - fractionEnd) : 0;
  return Date.UTC(at(0, 4), at(5, 7) - 1, at(8, 10), at(11, 13), at(14, 16), at(17, 19), ms);
}

const UTC_FORM = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00$/;
const DIGIT_ZERO = 0x30;

function parseBytea(text: string): Buffer {
  return Buffer.from(text.slice(2), 'hex');
}

const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  [INT8]: BigInt,
  [TIMESTAMPTZ]: parseTimestamp,
  16: (text) => text === 't',
  17: parseBytea,
  701: Number,
  114: JSON.parse,
  3802: JSON.parse,
  1009: parseTextArray,
};

/** `{a,"b c"}` with the escapes of PostgreSQL's array output. */
export function parseTextArray(text: string): string[] {
  const items: string[] = [];
  for (const match of text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/gs)) {
    items.push(match[1] === undefined ? (match[2] ?? '') : match[1].replace(/\\(.)/gs, '$1'));
  }
  return items;
}

/** int8 as bigint, timestamptz as milliseconds, bytea as Buffer; unknown types as they come. */
function getTypeParser(oid: number): (text: string) => unknown {
  if (INTEGERS.has(oid)) return Number;
  if (TEXT_BY_DEFAULT.has(oid)) return String;
  return parsers[oid] ?? String;
}

/**
 * The operator's own `?options=` of the URL, and the URL without them: `pg` would let them take the place of ours.
 * By hand, because URLs with a socket for a host are no URLs to WHATWG's parser.
 */
export function splitOptions(databaseUrl: string): { readonly url: string; readonly options: string } {
  const found = /[?&]options=([^&#]*)/.exec(databaseUrl);
  if (found === null) return { url: databaseUrl, options: '' };
  const before = databaseUrl.slice(0, found.index);
  const after = databaseUrl.slice(found.index + found[0].length);
  const first = found[0].startsWith('?');
  const url = before + (first ? after.replace(/^&/, '?') : after);
  return { url, options: decodeURIComponent((found[1] ?? '').replaceAll('+', ' ')) };
}

/** What every connection of ours has in common. */
export function connectionConfig(databaseUrl: string, applicationName: string): PoolConfig {
  const { url, options } = splitOptions(databaseUrl);
  return {
    connectionString: url,
    application_name: applicationName,
    // The last one wins.
    options: `${options} ${SESSION}`.trim(),
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_TRANSACTION_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    connectionTimeoutMillis: POOL_WAIT_MS,
    idleTimeoutMillis: POOL_IDLE_MS,
    keepAlive: true,
    types: { getTypeParser: getTypeParser as never },
  };
}
