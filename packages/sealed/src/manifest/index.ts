/** Manifests: who wrote an object, and which bytes. Public keys only; signing is in ./keys. Browser and Node. */
export { leavesOf, rootOf, withRoot } from './leaves.ts';
export { requireRoot, verifyManifest } from './verify.ts';
export { importVerifyKey, type SignKey, type VerifyKey } from './verify-key.ts';
