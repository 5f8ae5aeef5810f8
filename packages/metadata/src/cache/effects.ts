import type { BlobId, ObjectKey } from '@sealgate/core/names';
import type { Metadata } from '@sealgate/core/ports';

/** Answers that a change makes wrong. */
export type Touched =
  /** The current version of a key. */
  | { readonly kind: 'version'; readonly bucketId: number; readonly key: ObjectKey }
  /**
   * The version that a blob belongs to. Only where its backends and their states are: a reader that goes by an older list
   * finds another copy, or the same bytes where they were, which stay for the deletion grace.
   */
  | { readonly kind: 'blob'; readonly blobId: BlobId }
  /** All of a kind. */
  | { readonly kind: 'versions' | 'buckets' | 'credentials' };

export type Effect<Name extends keyof Metadata> =
  | 'none'
  | ((...args: Parameters<Metadata[Name]>) => readonly Touched[]);

const version = (change: { readonly bucketId: number; readonly key: ObjectKey }): readonly Touched[] => [
  { kind: 'version', bucketId: change.bucketId, key: change.key },
];
const blob = (blobId: BlobId): readonly Touched[] => [{ kind: 'blob', blobId }];
const credentials = (): readonly Touched[] => [{ kind: 'credentials' }];

/**
 * Which of the answers that are kept (`credential`, `bucket`, `currentVersion`) a call may change. A method that is not here does
 * not compile. What is not found is not kept, so what makes a new name changes nothing.
 */
const effects: { readonly [Name in keyof Metadata]: Effect<Name> } = {
  commitVersion: version,
  commitUpload: version,
  commitPlanned: version,
  deleteObject: version,
  updateVersion: version,
  changeEnvelopes: ({ bucketId, changes }) => changes.flatMap(({ key }) => version({ bucketId, key })),
  expireVersion: version,
  replaceBlob: version,
  settleClass: version,
  createJob: version,
  reportBadReplica: blob,
  markReplica: blob,
  markLeased: (_worker, lease) => blob(lease.blobId),
  settleLeases: (_worker, results) =>
    results.flatMap(({ lease, replica }) => (replica === null ? [] : blob(lease.blobId))),
  finishRemovals: (gone) => gone.flatMap(({ blobId }) => blob(blobId)),
  // Copies are about to be removed from where they are, without the grace of a deletion: no list that names them may stay.
  changeReplicas: () => [{ kind: 'versions' }],
  cancelJob: () => [{ kind: 'versions' }],
  retryJob: () => [{ kind: 'versions' }],

  updateBucket: () => [{ kind: 'buckets' }],
  // Its id is never used again, and nobody asks for a version before its bucket.
  deleteBucket: () => [{ kind: 'buckets' }],
  updateTenant: () => [{ kind: 'credentials' }, { kind: 'buckets' }],
  beginErasure: () => [{ kind: 'credentials' }, { kind: 'buckets' }],
  advanceErasure: () => [{ kind: 'credentials' }, { kind: 'buckets' }],
  // What becomes of a credential or a role becomes of the sessions that were made from it.
  rotateCredential: credentials,
  setCredentialState: credentials,
  setCredentialPolicy: credentials,
  deleteCredential: credentials,
  putRole: credentials,
  deleteRole: credentials,

  // Names of their own.
  createTenant: 'none',
  createCredential: 'none',
  createSession: 'none',
  createBucket: 'none',
  // What goes has expired, which its reader sees by itself.
  removeExpiredSessions: 'none',
  // A version that they belong to is told of when it is committed.
  createWritePlan: 'none',
  holdWritePlan: 'none',
  endWritePlan: 'none',
  expireWritePlans: 'none',
  createUpload: 'none',
  commitPart: 'none',
  abortUpload: 'none',
  abortUploadsOf: 'none',
  purgeUploads: 'none',

  // When a key was last used nobody goes by.
  noteCredentialUse: 'none',

  // Of these no answer is kept.
  hurryDeletions: 'none',
  noteErasureTrouble: 'none',
  createBackend: 'none',
  recordProbe: 'none',
  setBackendState: 'none',
  recordPhysicalBucket: 'none',
  putPolicy: 'none',
  putOidcProvider: 'none',
  deleteOidcProvider: 'none',
  enqueueDeletion: 'none',
  leaseDeletions: 'none',
  finishDeletion: 'none',
  leaseLockPushes: 'none',
  finishLockPush: 'none',
  leaseCursor: 'none',
  saveCursor: 'none',
  releaseCursors: 'none',
  requestBackup: 'none',
  saveBackups: 'none',
  createWebhook: 'none',
  deleteWebhook: 'none',
  routeEvents: 'none',
  leaseDeliveries: 'none',
  finishDelivery: 'none',
  redriveDeadLetters: 'none',
  askForRepairs: 'none',
  endLease: 'none',
  createAgent: 'none',
  enrolAgent: 'none',
  setAgentState: 'none',
  removeAgent: 'none',
  reportAgent: 'none',
  openAgentSession: 'none',
  offerGrant: 'none',
  takeGrants: 'none',
  finishStray: 'none',
  forgetPhysicalBucket: 'none',
  hurryRepairs: 'none',
  leaseRemovals: 'none',
  leaseRepairs: 'none',
  leaseStrays: 'none',
  purgeJobs: 'none',
  redriveRepairs: 'none',
  releaseSweepHold: 'none',
  renewLeases: 'none',
  settleJobs: 'none',
  sweepHold: 'none',
  sweepPage: 'none',
  setBackgroundLimits: 'none',
  updateBackend: 'none',
  vacuum: 'none',
  addRecoveryKey: 'none',
  deleteRecoveryKey: 'none',
  requestManifests: 'none',
  finishManifestRequest: 'none',
  appendUsage: 'none',
  appendBackendUsage: 'none',
  foldUsage: 'none',
  samplePlaced: 'none',
  secretVersions: 'none',
  resealSecrets: 'none',
  retireSecretVersion: 'none',
  joinCache: 'none',
  renewCacheMember: 'none',
  changeCacheSpace: 'none',
  expelCacheMember: 'none',
  leaveCache: 'none',

  // They only read.
  erasure: 'none',
  erasuresUnderWay: 'none',
  lockedVersions: 'none',
  credential: 'none',
  bucket: 'none',
  currentVersion: 'none',
  bucketById: 'none',
  ping: 'none',
  usage: 'none',
  tenantStored: 'none',
  readCursor: 'none',
  listRecoveryKeys: 'none',
  requestedManifests: 'none',
  markLog: 'none',
  isLogFinal: 'none',
  loggedChanges: 'none',
  versionsAt: 'none',
  recoveryStatus: 'none',
  countRecoverable: 'none',
  agent: 'none',
  agentByToken: 'none',
  blobsForRepair: 'none',
  job: 'none',
  jobStats: 'none',
  leasedBlob: 'none',
  listAgents: 'none',
  listCursors: 'none',
  countCursors: 'none',
  listJobs: 'none',
  nextPhysicalBucket: 'none',
  placementEpoch: 'none',
  walkBlobs: 'none',
  close: 'none',
  tenant: 'none',
  listTenants: 'none',
  tenantByOwner: 'none',
  listCredentials: 'none',
  listBackends: 'none',
  listBuckets: 'none',
  physicalBuckets: 'none',
  policy: 'none',
  listPolicies: 'none',
  role: 'none',
  listRoles: 'none',
  oidcProviderByIssuer: 'none',
  listOidcProviders: 'none',
  version: 'none',
  currentSeq: 'none',
  readDigests: 'none',
  readSegments: 'none',
  readSegmentOfPart: 'none',
  readParts: 'none',
  listEnvelopes: 'none',
  publishKeyring: 'none',
  newestKeyring: 'none',
  listKeyrings: 'none',
  createSnapshot: 'none',
  snapshot: 'none',
  listSnapshots: 'none',
  snapshotBuckets: 'none',
  snapshotFiles: 'none',
  deleteSnapshot: 'none',
  listObjects: 'none',
  listVersions: 'none',
  upload: 'none',
  listParts: 'none',
  listUploads: 'none',
  blobForRepair: 'none',
  databaseTime: 'none',
  nextLifecycleBucket: 'none',
  walkVersions: 'none',
  segmentsOutside: 'none',
  listWebhooks: 'none',
  webhookTargets: 'none',
  pendingEvents: 'none',
  deadLetters: 'none',
};

/** The metadata with every change that touches kept answers run through `around`. */
export function withChanges(
  metadata: Metadata,
  around: <T>(touched: readonly Touched[], run: () => Promise<T>) => Promise<T>,
): Metadata {
  const wrapped: Record<string, unknown> = { ...metadata };
  for (const [name, effect] of Object.entries(effects as Readonly<Record<string, 'none' | AnyEffect>>)) {
    if (effect === 'none') continue;
    const method = wrapped[name] as (...args: readonly unknown[]) => Promise<unknown>;
    wrapped[name] = (...args: readonly unknown[]) => around(effect(...args), () => method(...args));
  }
  return wrapped as unknown as Metadata;
}

type AnyEffect = (...args: readonly unknown[]) => readonly Touched[];
