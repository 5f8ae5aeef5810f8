export { fingerprint } from './fingerprint.ts';
export {
  ASSERTION_AUDIENCE,
  ASSERTION_SECONDS_MAX,
  LEASE_MS_MAX,
  LEASE_MS_MIN,
  LEASES_MAX,
  type WireCall,
  wire,
  wirePaths,
} from './wire.ts';
