/**
 * What an audit entry tells of, as stored. Never change a number, only add: entries are hashed as they are. The
 * functions in functions/*.sql write 1 to 11 and 20 to 22 themselves.
 */
export const auditActions = {
  versionPublished: 1,
  versionRemoved: 2,
  deleteMarkerLaid: 3,
  uploadBegun: 4,
  partStored: 5,
  uploadAborted: 6,
  lockChanged: 7,
  accessChanged: 8,
  tagsChanged: 9,
  replicaChanged: 10,
  replicasRemoved: 11,
  bucketCreated: 20,
  bucketChanged: 21,
  bucketDeleted: 22,
  physicalBucketMade: 23,
  tenantCreated: 30,
  tenantChanged: 31,
  credentialCreated: 40,
  credentialChanged: 41,
  credentialDeleted: 42,
  backendCreated: 50,
  backendProbed: 51,
  backendStateChanged: 52,
  policyApplied: 60,
} as const;
