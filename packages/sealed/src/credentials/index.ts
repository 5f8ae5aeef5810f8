export {
  agentKeyId,
  GRANT_CHARS_MAX,
  GRANT_SECONDS_MAX,
  type Grant,
  type GrantProblem,
  GrantRefused,
  openGrant,
  type SealGrant,
  sealGrant,
} from './grant.ts';
