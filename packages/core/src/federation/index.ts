export { assumedRoleArn, parseRoleArn, parseRoleName, roleArn } from './arn.ts';
export { type CallerRole, type HeldGrant, heldGrants, knowsTenant, reachOf } from './grants.ts';
export { type Claims, trusts, type WebIdentity } from './trust.ts';
