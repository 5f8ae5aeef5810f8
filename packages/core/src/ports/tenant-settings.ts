import type { TenantSettings } from './model.ts';

/** Settings of a tenant whose creator said only these, or nothing. */
export function completeSettings(given: Partial<TenantSettings>): TenantSettings {
  const objectOwnership = given.objectOwnership ?? 'BucketOwnerEnforced';
  return {
    objectOwnership,
    legacySignatures: given.legacySignatures ?? false,
    // Whoever asks for access control lists wants to share by them.
    blockPublicAccess: given.blockPublicAccess ?? objectOwnership === 'BucketOwnerEnforced',
  };
}
