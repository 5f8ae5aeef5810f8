import type { Row } from '../support/row.ts';
import { getErasure, putErasure } from './erasure.ts';
import { getLarge, getRange, putLarge } from './large-objects.ts';
import { memory } from './memory.ts';
import { bytesPerObject, listObjects, putOverVersions } from './metadata.ts';
import { repair } from './repair.ts';
import { rewrap } from './rewrap.ts';
import { sealing } from './sealing.ts';
import { getSmall, putSmall } from './small-objects.ts';
import { stalledReplica } from './stalled-replica.ts';
import { start } from './start.ts';

/** In the order of the table. */
export const rows: readonly Row[] = [
  getSmall,
  putSmall,
  getLarge,
  putLarge,
  getRange,
  putErasure,
  getErasure,
  stalledReplica,
  listObjects,
  putOverVersions,
  memory,
  sealing,
  repair,
  start,
  bytesPerObject,
  rewrap,
];
