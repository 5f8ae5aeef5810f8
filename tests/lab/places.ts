// The storage locations of the lab: four folders and three S3 servers, in the places of the demo backends.
export interface Place {
  readonly id: string;
  readonly kind: 'folder' | 's3';
  readonly region: string;
  readonly country: string;
  readonly jurisdiction: string;
}

export const PLACES: readonly Place[] = [
  { id: 'lab-hel', kind: 's3', region: 'fi-helsinki', country: 'FI', jurisdiction: 'EU' },
  { id: 'lab-tmp', kind: 'folder', region: 'fi-tampere', country: 'FI', jurisdiction: 'EU' },
  { id: 'lab-fra', kind: 's3', region: 'de-frankfurt', country: 'DE', jurisdiction: 'EU' },
  { id: 'lab-par', kind: 'folder', region: 'fr-paris', country: 'FR', jurisdiction: 'EU' },
  { id: 'lab-ams', kind: 's3', region: 'nl-amsterdam', country: 'NL', jurisdiction: 'EU' },
  { id: 'lab-sto', kind: 'folder', region: 'se-stockholm', country: 'SE', jurisdiction: 'EU' },
  { id: 'lab-iad', kind: 'folder', region: 'us-ashburn', country: 'US', jurisdiction: 'US' },
];

/** Outside of every region lock of the lab. */
export const OUTSIDE = 'lab-iad';
/** On a small disk of its own where that can be had, so that it can be filled. */
export const ON_SMALL_DISK = 'lab-sto';
