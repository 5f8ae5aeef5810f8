export { defaultS3DriverLimits, type S3DriverLimits } from '../limits.ts';
export { createFirstVersionsDriver } from './first-versions.ts';
export { listS3Buckets } from './list-buckets.ts';
export { createS3Probe } from './probe/s3-probe.ts';
export { createS3Driver } from './s3-driver.ts';
export { createS3Source } from './source/s3-source.ts';
export type { GuardedLookup, S3Target } from './target.ts';
