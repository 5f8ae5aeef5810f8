import { canonicalJson } from './canonical.ts';
import type { AuditEntry } from './entry.ts';
import { AuditIntegrityError } from './integrity-error.ts';
import { type NoteSigner, type NoteVerifier, openCheckpoint } from './note.ts';

/** Type of a signed head in its header (RFC 7515, 4.1.9). */
const HEAD_TYPE = 'sealgate-head';

/**
 * What a gateway says was the current version of a key, when it served it. It had read the version after it had the checkpoint,
 * so every change that the checkpoint covers was made by then.
 */
export interface Head {
  readonly bucketId: number;
  readonly bucket: string;
  readonly key: string;
  /** Number of the version's entry in the log. */
  readonly version: number;
  /** As S3 calls it. */
  readonly versionId: string;
  /** Without quotes. */
  readonly etag: string;
  readonly bytes: number;
  /** SHA-256 over the SHA-256 of each block of the stored bytes, hexadecimal; null where it is not at hand. */
  readonly digest: string | null;
  /** When it was served, by the gateway's clock, as entries have times. */
  readonly at: string;
  /** The signed note of the log from before the read. */
  readonly checkpoint: string;
}

export interface VerifiedHead extends Head {
  /** Of the checkpoint. */
  readonly size: number;
}

/** Compact JWS (RFC 7515), EdDSA (RFC 8037). */
export function signHead(head: Head, signer: NoteSigner): string {
  const kid = kidOf(signer.verifier);
  const encode = (value: unknown): string => Buffer.from(canonicalJson(value), 'utf8').toString('base64url');
  const message = `${encode({ alg: 'EdDSA', kid, typ: HEAD_TYPE })}.${encode(head)}`;
  return `${message}.${signer.signRaw(message)}`;
}

const kidOf = ({ name, keyId }: NoteVerifier): string => `${name}+${keyId.toString('hex')}`;

/** @throws AuditIntegrityError */
export function verifyHead(jws: string, verifiers: readonly NoteVerifier[]): VerifiedHead {
  const [header = '', payload = '', signature = '', ...more] = jws.trim().split('.');
  const facts = decoded(header);
  if (more.length > 0 || facts['alg'] !== 'EdDSA' || facts['typ'] !== HEAD_TYPE) {
    throw new AuditIntegrityError('This is no signed head.');
  }
  const verifier = verifiers.find((one) => kidOf(one) === facts['kid']);
  if (verifier === undefined) throw new AuditIntegrityError('None of the given keys signed the head.');
  const bytes = Buffer.from(signature, 'base64url');
  // Only the one spelling that encoding gives.
  if (bytes.toString('base64url') !== signature || !verifier.verify(`${header}.${payload}`, bytes)) {
    throw new AuditIntegrityError('The signature of the head is wrong.');
  }
  const head = decoded(payload) as unknown as Head;
  try {
    return { ...head, size: openCheckpoint(head.checkpoint, verifiers).size };
  } catch (cause) {
    throw new AuditIntegrityError('The checkpoint of the head is wrong.', { cause });
  }
}

function decoded(part: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Said below.
  }
  throw new AuditIntegrityError('This is no signed head.');
}

/**
 * What two heads of one key say against each other, without the log: null when nothing. Which of two versions was right the log
 * tells (`createHeadCheck`).
 */
export function contradiction(a: VerifiedHead, b: VerifiedHead): string | null {
  if (a.bucketId !== b.bucketId || a.key !== b.key) return null;
  const [earlier, later] = a.at <= b.at ? [a, b] : [b, a];
  const facts = ({ etag, bytes, versionId }: Head): string => canonicalJson({ etag, bytes, versionId });
  if (a.version === b.version && facts(a) !== facts(b)) {
    return `Version ${a.version} of "${a.key}" has two contents, and a version never changes.`;
  }
  if (a.version === b.version && a.digest !== null && b.digest !== null && a.digest !== b.digest) {
    return `Version ${a.version} of "${a.key}" has two digests. Its bytes were written anew, or they are not the same.`;
  }
  if (later.size < earlier.size) {
    return `The log had ${earlier.size} entries at ${earlier.at} and ${later.size} at ${later.at}: it only grows.`;
  }
  return null;
}

interface KnownVersion {
  readonly seq: number;
  readonly marker: boolean;
  readonly isNull: boolean;
}

const [PUBLISHED, REMOVED, MARKER_LAID, BUCKET_CHANGED, BUCKET_DELETED] = [1, 2, 3, 21, 22];

/** The current version of a key, by the log: number of its entry; null: a GET finds none. */
function createKeyHistory({ bucketId, key }: Pick<Head, 'bucketId' | 'key'>) {
  let versions: KnownVersion[] = [];
  let versioning = 'off';
  const dropNull = (): void => void (versions = versions.filter(({ isNull }) => !isNull));
  return {
    add(entry: AuditEntry): void {
      if (entry.bucket !== bucketId) return;
      const { action, seq } = entry;
      if (action === BUCKET_CHANGED) {
        const changed = entry.detail?.['versioning'];
        if (typeof changed === 'string') versioning = changed;
      }
      if (action === BUCKET_DELETED) versions = [];
      if (entry.key !== key) return;
      const isNull = versioning !== 'enabled';
      if (action === PUBLISHED) {
        if (entry.versionsDelta === 0) dropNull();
        versions.push({ seq, marker: false, isNull });
      }
      if (action === MARKER_LAID) {
        if (versioning === 'suspended' || entry.versionsDelta === -1) dropNull();
        versions.push({ seq, marker: true, isNull });
      }
      if (action === REMOVED) versions = versions.filter((one) => one.seq !== entry.version);
    },
    current(): number | null {
      const newest = versions.reduce<KnownVersion | null>(
        (best, one) => (best === null || one.seq > best.seq ? one : best),
        null,
      );
      return newest === null || newest.marker ? null : newest.seq;
    },
  };
}

/** Holds a head against the log, whose entries come from the first one on. */
export interface HeadCheck {
  add(entry: AuditEntry, leaf: number): void;
  /**
   * `unknown`: the log given ends before anybody can say.
   * @throws AuditIntegrityError when by the log another version was current all the time between checkpoint and answer
   */
  finish(): 'agrees' | 'unknown';
}

/** Clocks of gateways and database may differ by so much. */
const HEAD_CLOCK_SLACK_MS = 5_000;

export function createHeadCheck(head: VerifiedHead): HeadCheck {
  const history = createKeyHistory(head);
  const until = new Date(Date.parse(head.at) + HEAD_CLOCK_SLACK_MS).toISOString();
  let entries = 0;
  let right = false;
  let over = false;
  const look = (): void => {
    if (entries >= head.size && history.current() === head.version) right = true;
  };
  return {
    add(entry, leaf) {
      entries = leaf + 1;
      if (over) return;
      if (leaf >= head.size && entry.at > until) {
        over = true;
        return;
      }
      history.add(entry);
      look();
    },
    finish() {
      if (entries < head.size) {
        throw new AuditIntegrityError(
          `The log given has ${entries} entries; the head was signed when it had ${head.size}.`,
        );
      }
      if (right) return 'agrees';
      if (!over) return 'unknown';
      throw new AuditIntegrityError(
        `The gateway served version ${head.version} of "${head.key}" at ${head.at}. By its own log that was not the current one then.`,
      );
    },
  };
}
