export {
  type EndLine,
  type KeyLine,
  MANIFEST_FORMAT,
  MANIFEST_PREFIX,
  type ManifestBlob,
  type ManifestHeader,
  type ManifestLine,
  parseManifestKey,
  type SegmentLine,
  type VersionLine,
} from './manifest.ts';
export { isSignedManifest } from './signature.ts';
export { createStoredReader, type StoredPlace } from './stored-reader.ts';
