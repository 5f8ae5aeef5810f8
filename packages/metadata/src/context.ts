import { Fault, type FaultCode } from '@sealgate/core/faults';
import type { AuditActor, Clock } from '@sealgate/core/ports';
import { type ActorColumns, actorColumns } from './audit/actor.ts';
import type { BackendNumbers } from './codec/replicas.ts';
import type { Database } from './db/database.ts';
import { classify, databaseFault } from './db/errors.ts';
import type { Terms } from './db/terms.ts';
import type { MetadataLogger } from './logger.ts';
import type { SecretBox } from './secrets/box.ts';

/** Durations that the stored functions need, in milliseconds. See limits.ts. */
export interface Waits {
  readonly deletionGraceMs: number;
  /** Of single copies that leave a blob which stays. */
  readonly leavingGraceMs: number;
  readonly pendingGraceMs: number;
  readonly attemptAgeMaxMs: number;
}

/** What every part of the driver is made of. */
export interface Context {
  readonly database: Database;
  readonly terms: Terms;
  readonly backends: BackendNumbers;
  readonly secrets: SecretBox;
  readonly clock: Clock;
  readonly logger: MetadataLogger;
  readonly waits: Waits;
  readonly actor: (actor: AuditActor) => Promise<ActorColumns>;
}

export function actorWith(terms: Terms): Context['actor'] {
  return (actor) => actorColumns(actor, terms);
}

export function waitColumns({ waits }: Pick<Context, 'waits'>): [number, number, number] {
  return [waits.deletionGraceMs, waits.pendingGraceMs, waits.attemptAgeMaxMs];
}

/** Refusals of the stored functions and the words for them. A function decides before it writes, so nothing was changed. */
const refusals = {
  AccessDenied: 'Access Denied',
  BucketAlreadyExists:
    'The requested bucket name is not available. The bucket namespace is shared. Please select a different name and try again.',
  BucketAlreadyOwnedByYou: 'The bucket you tried to create already exists, and you own it.',
  BucketNotEmpty: 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.',
  InvalidBucketState: 'The request is not valid for the current state of the bucket.',
  InvalidPart:
    'One or more of the specified parts could not be found. The part may not have been uploaded, or its ETag or checksum is another.',
  MethodNotAllowed: 'The specified method is not allowed against this resource.',
  NoSuchBucket: 'The specified bucket does not exist',
  NoSuchKey: 'The specified key does not exist.',
  NoSuchUpload:
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
  NoSuchVersion: 'The specified version does not exist.',
  OperationAborted: 'A conflicting operation is under way on this resource. Please try again.',
  PreconditionFailed: 'At least one of the pre-conditions you specified did not hold',
  QuotaExceeded: 'You have attempted to create more buckets than allowed',
} as const satisfies Partial<Record<FaultCode, string>>;

/** Outcomes that tell more than the code that stands for them. */
const ownOutcomes = {
  BlobGivenUp: [
    'Conflict',
    'This attempt was given up and cannot be completed any more. Please send the request again.',
  ],
  NoObjectLock: ['InvalidRequest', 'Bucket is missing Object Lock Configuration'],
  AgentHasCustody: [
    'Conflict',
    'A backend is in the custody of this agent. Retire it or give it to another one first.',
  ],
  AgentNotActive: ['Conflict', 'This agent is not active: it has not enrolled, or was disabled.'],
  AgentNotEnrolled: ['Conflict', 'This agent has not enrolled yet.'],
  BeingEmptied: ['Conflict', 'A copy of this version is just being removed from a target. Try again in a while.'],
  NotSuspended: [
    'Conflict',
    'Suspend the tenant first (state "suspended"), so that nobody uses what is about to be removed.',
  ],
  JobEnded: ['Conflict', 'This job is over.'],
  JobNotEnded: ['Conflict', 'This job is not over: only one that failed or was cancelled is tried again.'],
  NotAtSource: ['InvalidRequest', 'The source does not hold a verified copy of the whole version.'],
  NotFound: ['NotFound', 'There is no such thing.'],
  PlanOver: ['Conflict', 'This write plan is over, or it is for another object. Ask for a new one.'],
  TooManySnapshots: [
    'QuotaExceeded',
    'The tenant has as many snapshots as it may have. Delete one that is not needed any more.',
  ],
  TooManyPlans: ['QuotaExceeded', 'The bucket has too many open write plans. Commit them, or let them expire.'],
  NotWholeCopies: ['InvalidRequest', 'This version is kept in shards, which take no further copies.'],
  KeyringOfAnotherRoot: ['Conflict', 'The keyrings of this tenant are signed by another root.'],
  KeyringOutOfOrder: ['Conflict', 'This keyring does not follow the newest one of the tenant.'],
  TokenTaken: ['Conflict', 'This client token was used for another job.'],
  TooManyCopies: ['InvalidRequest', 'A version cannot have that many copies.'],
  ObjectLocked: ['AccessDenied', 'Access Denied because object protected by object lock.'],
} as const satisfies Record<string, readonly [FaultCode, string]>;

/**
 * The row of a stored function when its outcome is `ok`.
 * @throws Fault that the outcome names
 */
export function accepted<Row extends { readonly outcome: string }>(rows: readonly Row[]): Row {
  const row = rows[0];
  if (row === undefined) throw new Fault('InternalError', 'The database gave no answer.');
  if (row.outcome === 'ok') return row;
  if (Object.hasOwn(ownOutcomes, row.outcome)) {
    const [code, message] = ownOutcomes[row.outcome as keyof typeof ownOutcomes];
    throw new Fault(code, message);
  }
  if (Object.hasOwn(refusals, row.outcome)) {
    const code = row.outcome as keyof typeof refusals;
    throw new Fault(code, refusals[code]);
  }
  throw new Fault('InternalError', `The database gave the unknown outcome ${row.outcome}.`);
}

/** Runs a change whose only unique key is the name it makes. @throws Fault Conflict */
export async function orConflict<T>(message: string, change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (classify(error) === 'unique') throw new Fault('Conflict', message, { cause: error });
    throw databaseFault(error);
  }
}
