import { KEY_BYTES_MAX } from '../limits.ts';
import { TAG_NAME_CHARS_MAX } from './limits.ts';

/** Decides which texts of a source may be kept. */
export interface Discretion {
  /** Text that has nothing of the credentials and no part of a signed URL in it, in the clear or percent-encoded. */
  mayKeep(text: string): boolean;
  /** The same of a key, which PostgreSQL and S3 must be able to hold, too. */
  mayKeepKey(key: string): boolean;
  storageClass(text: string | undefined): string;
  etag(text: string): string | null;
  tagName(text: string): string | null;
}

/** Parameters of presigned URLs and of what is like them: AWS (both versions), Google, Azure. */
const SIGNED =
  /(?:^|[?&;])(?:x-(?:amz|goog)-(?:signature|credential|security-token)|awsaccesskeyid|googleaccessid|signature|sig)=/i;
const STORAGE_CLASS = /^[A-Z][A-Z0-9_-]{0,31}$/;
/** MD5, or that of the parts. What has another form is some server's own, and could carry anything. */
const ETAG = /^[0-9a-f]{32}(?:-[1-9]\d{0,4})?$/i;
/** How often a text may be percent-encoded over and over. */
const DECODINGS = 3;
const STANDARD = 'STANDARD';
const OTHER = 'OTHER';

/**
 * A source was given the access key id and the session token with every request, and may be hostile: it can give them
 * back as names. Whatever it says goes through here before it is kept anywhere.
 * @param secrets access key id, secret and session token of this call
 */
export function createDiscretion(secrets: readonly string[]): Discretion {
  const hidden = secrets.filter((secret) => secret !== '');
  const folded = hidden.map((secret) => secret.toLowerCase());
  const tells = (text: string): boolean => {
    const small = text.toLowerCase();
    return (
      hidden.some((secret) => text.includes(secret)) ||
      folded.some((secret) => small.includes(secret)) ||
      SIGNED.test(text)
    );
  };
  const mayKeep = (text: string): boolean => {
    let form = text;
    for (let round = 0; round <= DECODINGS; round += 1) {
      if (tells(form)) return false;
      const next = decoded(form);
      if (next === form) return true;
      form = next;
    }
    return false;
  };
  return {
    mayKeep,
    mayKeepKey: (key) =>
      key !== '' &&
      !key.includes('\0') &&
      key.isWellFormed() &&
      Buffer.byteLength(key, 'utf8') <= KEY_BYTES_MAX &&
      mayKeep(key),
    storageClass(text) {
      if (text === undefined || text === '') return STANDARD;
      return STORAGE_CLASS.test(text) && mayKeep(text) ? text : OTHER;
    },
    etag: (text) => (ETAG.test(text) && mayKeep(text) ? text.toLowerCase() : null),
    tagName: (text) =>
      text !== '' && text.length <= TAG_NAME_CHARS_MAX && text.isWellFormed() && !text.includes('\0') && mayKeep(text)
        ? text
        : null,
  };
}

/** What is no whole encoding stays as it is, but for the parts that are. */
function decoded(text: string): string {
  if (!text.includes('%')) return text;
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return Buffer.from(run.replaceAll('%', ''), 'hex').toString('latin1');
    }
  });
}
