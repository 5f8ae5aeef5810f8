import { hash } from 'node:crypto';
import { canonicalJson } from './canonical.ts';
import { type CompactTree, createCompactTree, perfectSizes } from './compact-tree.ts';
import { type AuditEntry, parseEntryLine } from './entry.ts';
import { AuditIntegrityError } from './integrity-error.ts';
import { type NoteVerifier, openCheckpoint } from './note.ts';
import { HASH_BYTES, type HashTree, leafHash } from './tree.ts';

/**
 * A segment of the log: lines of text, each with its line end. The first is its header, then come entries, then records of
 * requests. docs/spec/audit.md has the format.
 */
export const SEGMENT_FORMAT = 'sealgate-audit-segment/1';

export interface SegmentHeader {
  readonly format: typeof SEGMENT_FORMAT;
  /** The leaf of the first entry. */
  readonly from: number;
  readonly entries: number;
  /** Base64 of the roots of the largest perfect subtrees of the leaves before the first, from left to right. */
  readonly before: readonly string[];
  /** The signed note about the tree that ends with the last entry. */
  readonly checkpoint: string;
}

/** The hashes that a header's `before` has. */
export async function peaksBefore(tree: HashTree, from: number): Promise<string[]> {
  const peaks: string[] = [];
  let at = 0;
  for (const size of perfectSizes(from)) {
    peaks.push(Buffer.from(await tree.range(at, at + size)).toString('base64'));
    at += size;
  }
  return peaks;
}

/** The action of entries that vouch for records of requests. */
export const REQUESTS_RECORDED = 124;

/** The action of entries that say up to which leaf records of requests were removed since nobody keeps them any longer. */
export const REQUESTS_REMOVED = 170;

/** The record of the requests that an entry vouches for: hexadecimal SHA-256 of its lines. */
export function requestsDigest({ action, detail }: AuditEntry): string | undefined {
  const digest = detail?.['sha256'];
  return action === REQUESTS_RECORDED && typeof digest === 'string' ? digest : undefined;
}

/** Records of requests of entries before this leaf were removed, as an entry says; undefined when it says nothing of that. */
export function requestsRemovedBefore({ action, detail }: AuditEntry): number | undefined {
  const before = detail?.['before'];
  return action === REQUESTS_REMOVED && typeof before === 'number' ? before : undefined;
}

/** @param lines null: they were removed */
export function requestsLine(lines: string | null): string {
  return canonicalJson({ lines });
}

/** What an auditor holds against the segments. */
export interface VerifyOptions {
  readonly verifiers: readonly NoteVerifier[];
  /** Notes that were kept from earlier: each must be the head of a tree that these segments are the rest of. */
  readonly checkpoints?: readonly string[];
  readonly onEntry?: (entry: AuditEntry, leaf: number) => void;
  readonly onRequests?: (lines: string) => void;
}

export interface VerifiedRange {
  readonly origin: string;
  readonly from: number;
  readonly to: number;
  /** Records of requests that were there, and those that were removed as an entry of the range says. */
  readonly requests: number;
  readonly requestsRemoved: number;
  /** The last segment's checkpoint. */
  readonly checkpoint: string;
}

/** Checks segments that follow each other, line by line, in memory that does not grow with them. */
export interface SegmentsVerifier {
  /** @throws AuditIntegrityError */
  segment(lines: AsyncIterable<string>): Promise<void>;
  /** @throws AuditIntegrityError when there was nothing, or a checkpoint that was held against them is of no tree of theirs */
  finish(): VerifiedRange;
}

interface Held {
  readonly size: number;
  readonly root: Uint8Array;
  met: boolean;
}

export function createSegmentsVerifier(options: VerifyOptions): SegmentsVerifier {
  const held: Held[] = (options.checkpoints ?? []).map((note) => ({ ...opened(note, options.verifiers), met: false }));
  let tree: CompactTree | undefined;
  let [origin, from, requests, checkpoint, lastSeq] = ['', 0, 0, '', 0];
  // Leaves whose records are not there: how many, and the last; and before which leaf an entry says that they were removed.
  const absent = { count: 0, last: -1, saidBefore: 0 };

  function compare(size: number): void {
    for (const one of held) {
      if (one.size !== size) continue;
      if (!same(tree?.root(), one.root))
        throw new AuditIntegrityError(`The log was forked: the checkpoint of ${size} entries is of another tree.`);
      one.met = true;
    }
  }

  function addEntry(line: string, leaf: number): AuditEntry {
    let entry: AuditEntry;
    try {
      entry = parseEntryLine(line);
    } catch (cause) {
      throw new AuditIntegrityError(`Entry ${leaf} is damaged.`, { cause });
    }
    if (entry.seq <= lastSeq) throw new AuditIntegrityError(`Entry ${leaf} is not in order.`);
    lastSeq = entry.seq;
    tree?.push(leafHash(line));
    compare(leaf + 1);
    absent.saidBefore = Math.max(absent.saidBefore, requestsRemovedBefore(entry) ?? 0);
    options.onEntry?.(entry, leaf);
    return entry;
  }

  function begin(header: SegmentHeader): CompactTree {
    if (tree !== undefined) {
      if (header.from !== tree.size)
        throw new AuditIntegrityError(
          `Entries ${tree.size} to ${header.from} are missing between two segments, or one came twice.`,
        );
      const peaks = tree.peaks().map((peak) => Buffer.from(peak).toString('base64'));
      if (peaks.join() !== header.before.join())
        throw new AuditIntegrityError(`The hashes before entry ${from} are damaged.`);
      return tree;
    }
    from = header.from;
    try {
      tree = createCompactTree(header.from, header.before.map(hashOf));
    } catch (cause) {
      throw new AuditIntegrityError('The hashes before the first entry are damaged.', { cause });
    }
    compare(from);
    return tree;
  }

  return {
    async segment(lines) {
      const rest = lines[Symbol.asyncIterator]();
      const next = async (what: string): Promise<string> => {
        const line = await rest.next();
        if (line.done === true) throw new AuditIntegrityError(`The segment ends before ${what}.`);
        return line.value;
      };
      const header = parseHeader(await next('its header'));
      const signed = opened(header.checkpoint, options.verifiers);
      if (origin !== '' && signed.origin !== origin) throw new AuditIntegrityError('The segments are of two logs.');
      origin = signed.origin;
      const current = begin(header);
      const wanted: { readonly leaf: number; readonly digest: string }[] = [];
      for (let i = 0; i < header.entries; i += 1) {
        const leaf = current.size;
        const digest = requestsDigest(addEntry(await next(`entry ${leaf}`), leaf));
        if (digest !== undefined) wanted.push({ leaf, digest });
      }
      if (signed.size !== current.size || !same(current.root(), signed.root)) {
        throw new AuditIntegrityError(
          `Entries ${header.from} to ${current.size} are not what the checkpoint of ${signed.size} entries was signed for.`,
        );
      }
      for (const { leaf, digest } of wanted) {
        const text = parseRequests(await next(`the records of requests ${digest}`));
        if (text === null) {
          absent.count += 1;
          absent.last = leaf;
          continue;
        }
        if (hash('sha256', text, 'hex') !== digest)
          throw new AuditIntegrityError(`The records of requests ${digest} are not what their entry vouches for.`);
        options.onRequests?.(text);
        requests += 1;
      }
      if ((await rest.next()).done !== true) throw new AuditIntegrityError('The segment goes on behind its end.');
      checkpoint = header.checkpoint;
    },
    finish() {
      if (tree === undefined) throw new AuditIntegrityError('There is no segment.');
      const missed = held.find(({ met }) => !met);
      if (missed !== undefined) {
        throw new AuditIntegrityError(
          `The checkpoint of ${missed.size} entries cannot be compared: the segments cover ${from} to ${tree.size}.`,
        );
      }
      if (absent.last >= absent.saidBefore) {
        throw new AuditIntegrityError(
          `The records of requests of entry ${absent.last} are missing, and no entry up to ${tree.size} says that they were removed.`,
        );
      }
      return { origin, from, to: tree.size, requests, requestsRemoved: absent.count, checkpoint };
    },
  };
}

function opened(note: string, verifiers: readonly NoteVerifier[]) {
  try {
    return openCheckpoint(note, verifiers);
  } catch (cause) {
    throw new AuditIntegrityError(cause instanceof SyntaxError ? cause.message : 'A checkpoint is damaged.', { cause });
  }
}

function parseHeader(line: string): SegmentHeader {
  const header = parseCanonical(line);
  const count = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
  if (header?.['format'] !== SEGMENT_FORMAT)
    throw new AuditIntegrityError(`This is no segment of the form ${SEGMENT_FORMAT}.`);
  const { from, entries, before, checkpoint } = header;
  const whole = Object.keys(header).length === 5 && typeof checkpoint === 'string' && [from, entries].every(count);
  if (!whole || !Array.isArray(before) || !before.every((one) => typeof one === 'string')) {
    throw new AuditIntegrityError('The header of the segment is damaged.');
  }
  return header as unknown as SegmentHeader;
}

/** Null: they were removed. */
function parseRequests(line: string): string | null {
  const record = parseCanonical(line);
  const lines = record?.['lines'];
  if ((typeof lines !== 'string' && lines !== null) || Object.keys(record ?? {}).length !== 1) {
    throw new AuditIntegrityError('A record of requests is damaged.');
  }
  return lines;
}

function parseCanonical(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || canonicalJson(value) !== line) return undefined;
    return value as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function hashOf(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== HASH_BYTES || bytes.toString('base64') !== text) throw new SyntaxError('not a hash');
  return bytes;
}

function same(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}
