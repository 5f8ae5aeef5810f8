export { type Announcement, abortingRules, abortionOf, expirationOf } from './announce.ts';
export { afterDays, calendarDays, daysOf, type LifecycleCalendar } from './calendar.ts';
export { checkLifecycle } from './check.ts';
export { readLifecycleDocument, writeLifecycleDocument } from './document.ts';
export { type DueAction, dueActions, type Judging, type LifecycleSubject } from './due.ts';
export { walkedPrefixes } from './filter.ts';
export type {
  Expiration,
  LifecycleConfiguration,
  LifecycleFilter,
  LifecycleRule,
  LifecycleTag,
  LifecycleTime,
  NoncurrentTransition,
  NoncurrentWait,
  Transition,
  TransitionMinimum,
} from './types.ts';
export { placeVersions, type WalkedVersion, type WalkPosition } from './walk.ts';
