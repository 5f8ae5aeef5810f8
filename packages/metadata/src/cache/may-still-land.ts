import { isFault } from '@sealgate/core/faults';

/** Whether a change that failed so may be made yet: nobody knows what became of it. */
export const mayStillLand = (error: unknown): boolean =>
  !isFault(error) || isFault(error, 'DatabaseUnavailable', 'InternalError');
