import { Fault } from '@sealgate/core/faults';
import type { Page } from '@sealgate/core/ports';
import { z } from 'zod';
import { PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX } from './limits.ts';

export const pageQuery = z.object({
  cursor: z.string().max(2048).optional().meta({ description: 'What `next` of the page before said.' }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(PAGE_ITEMS_MAX)
    .default(PAGE_ITEMS_DEFAULT)
    .meta({ description: 'Items of a page.' }),
});

export function pageSchema<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

/** One page of a list that is at hand as a whole, in the order of its names. */
export function pageOf<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  query: z.output<typeof pageQuery>,
): { readonly items: T[]; readonly next: string | null } {
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  const sorted = items.toSorted((a, b) => compare(nameOf(a), nameOf(b)));
  const rest = after === undefined ? sorted : sorted.filter((item) => compare(nameOf(item), after) > 0);
  const page = rest.slice(0, query.limit);
  const last = page.at(-1);
  return { items: page, next: rest.length > page.length && last !== undefined ? encodeCursor(nameOf(last)) : null };
}

/** A page as the database gave it, its items made fit for the outside. */
export function mapPage<T, U>(
  page: Page<T>,
  map: (item: T) => U,
): { readonly items: U[]; readonly next: string | null } {
  return { items: page.items.map(map), next: page.next };
}

export function encodeCursor(name: string): string {
  return Buffer.from(name, 'utf8').toString('base64url');
}

/** @throws Fault ValidationFailed */
export function decodeCursor(cursor: string): string {
  const name = Buffer.from(cursor, 'base64url').toString('utf8');
  if (encodeCursor(name) !== cursor) throw new Fault('ValidationFailed', 'The cursor is not one that a page gave.');
  return name;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
