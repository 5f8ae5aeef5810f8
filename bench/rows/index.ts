import type { Row } from '../support/row.ts';
import { getLarge, getRange, putLarge } from './large-objects.ts';
import { memory } from './memory.ts';
import { bytesPerObject, listObjects, putOverVersions } from './metadata.ts';
import { sealing } from './sealing.ts';
import { getSmall, putSmall } from './small-objects.ts';
import { start } from './start.ts';

/** In the order of the table; rows that are missing belong to work that is not built yet. */
export const rows: readonly Row[] = [
  getSmall,
  putSmall,
  getLarge,
  putLarge,
  getRange,
  listObjects,
  putOverVersions,
  memory,
  sealing,
  start,
  bytesPerObject,
];
