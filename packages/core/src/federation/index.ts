export { assumedRoleArn, parseRoleArn, parseRoleName, roleArn } from './arn.ts';
export { type Claims, trusts, type WebIdentity } from './trust.ts';
