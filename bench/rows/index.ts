import type { Row } from '../support/row.ts';
import { getLarge, getRange, putLarge } from './large-objects.ts';
import { getSmall, putSmall } from './small-objects.ts';

/** In the order of the table; rows that are missing belong to work that is not built yet. */
export const rows: readonly Row[] = [getSmall, putSmall, getLarge, putLarge, getRange];
