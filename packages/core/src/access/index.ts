export {
  type AclOptions,
  ANONYMOUS_OWNER,
  aclPermits,
  type CannedAcl,
  cannedAcls,
  expandCannedAcl,
  formatAcl,
  grantsOf,
  isAclGroup,
  isAclPermission,
  isCannedAcl,
  isPrivateAcl,
  isPublicAcl,
  LOG_DELIVERY_SERVICE,
  parseAcl,
} from './acl.ts';
export { type S3Action, s3Actions } from './actions.ts';
export { isKnownKey, normalizeKey } from './condition-keys.ts';
export type { Condition } from './conditions.ts';
export {
  type AccessQuestion,
  type BucketAccess,
  type Decision,
  decide,
  type IdentityBounds,
  isObjectOwnersAction,
  isPolicyRepair,
  type ObjectAccess,
  ownerOfObject,
  type Refusal,
} from './decide.ts';
export { evaluateBucketPolicy, evaluateIdentityPolicy, type PolicyAnswer, type PolicyQuestion } from './evaluate.ts';
export { accessOfNewBucket, listWhereDisabled } from './new-bucket.ts';
export type { Lookup } from './pattern.ts';
export { type PolicyDocument, type PolicyHolder, parsePolicyDocument, type Statement } from './policy-document.ts';
export {
  arnOf,
  isAccount,
  type NamedPrincipal,
  type Naming,
  type Principal,
  type PrincipalRule,
  type UserPrincipal,
} from './principals.ts';
export { isPublicPolicy } from './public.ts';
export {
  ALL_BLOCKED,
  formatOwnership,
  formatPublicAccessBlock,
  isObjectOwnership,
  NOTHING_BLOCKED,
  type PublicAccessBlock,
  parseOwnership,
  parsePublicAccessBlock,
  UNCONTROLLED_OWNERSHIP,
} from './settings.ts';
