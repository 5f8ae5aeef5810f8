import type { NoteVerifier } from '@sealgate/core/audit';
import { MANIFEST_PREFIX, type ManifestHeader, parseManifestKey } from '@sealgate/engine/recovery';
import { SealError } from '@sealgate/sealed/inspect';
import { CliError } from '../cli-error.ts';
import { DocumentError, type FindKey } from '../documents/open-document.ts';
import { isTimeout, listPlace, type PlacedBucket, reasonOf, within } from './places.ts';
import { type ReadDocument, readDocument } from './read-document.ts';
import type { FoundBucket, WorkFile } from './work-file.ts';

/** What was found on places by its name alone. */
interface Candidate {
  readonly key: string;
  readonly generation: string;
  readonly number: number;
  readonly sha256Start: string;
  /** Places that have a copy. */
  readonly places: PlacedBucket[];
}

/** Documents of one generation by number; several of one number when two processes wrote it. */
type Generation = Map<number, Candidate[]>;

export interface ManifestSearch {
  readonly places: readonly PlacedBucket[];
  readonly findKey: FindKey;
  /** Documents that none of them signed are refused; undefined: signatures are not looked at. */
  readonly verifiers: readonly NoteVerifier[] | undefined;
  readonly signal: AbortSignal;
  readonly work: WorkFile;
  /** Whether the bucket was asked for. */
  readonly wanted: (header: ManifestHeader) => boolean;
  readonly warn: (text: string) => void;
}

/** Sources that did not answer in time. */
interface Stalls {
  readonly slow: Set<string>;
}

export interface ManifestsFound {
  readonly buckets: readonly FoundBucket[];
  /** Physical buckets with documents, none of which any key at hand opens. */
  readonly sealedToOthers: number;
  /** Generations that are not signed by a key that must have signed them. */
  readonly unsigned: number;
  /** Generations that cannot be used, with the reason. */
  readonly unusable: readonly string[];
}

/**
 * Finds the newest usable manifest of every bucket and fills the work file from it. A generation is usable when its base
 * is there as a whole, from whichever places; a missing delta costs what it said, and a warning.
 */
export async function findManifests(search: ManifestSearch): Promise<ManifestsFound> {
  const generations = await listGenerations(search);
  const stalls: Stalls = { slow: new Set() };
  const newest = new Map<string, FoundBucket>();
  const unusable: string[] = [];
  let sealedToOthers = 0;
  const unsigned = new Set<string>();
  // The newest generation of a bucket first, so that the first usable one is the one that counts.
  for (const name of [...generations.keys()].sort().reverse()) {
    const loaded = await loadGeneration(
      { ...search, ...stalls },
      name,
      generations.get(name) ?? new Map<number, Candidate[]>(),
      newest,
      () => void unsigned.add(name),
    );
    if (loaded === 'sealed-to-others') sealedToOthers += 1;
    else if (typeof loaded === 'string') unusable.push(loaded);
  }
  return { buckets: [...newest.values()], sealedToOthers, unsigned: unsigned.size, unusable };
}

async function listGenerations({ places, signal, warn }: ManifestSearch): Promise<Map<string, Generation>> {
  const generations = new Map<string, Generation>();
  await Promise.all(
    places.map(async (place) => {
      try {
        for await (const page of listPlace(place, MANIFEST_PREFIX, signal)) {
          for (const { key } of page) note(generations, place, key);
        }
      } catch (error) {
        signal.throwIfAborted();
        warn(`${place.source}: ${place.bucket} cannot be listed (${reasonOf(error)})`);
      }
    }),
  );
  return generations;
}

function note(generations: Map<string, Generation>, place: PlacedBucket, key: string): void {
  const parsed = parseManifestKey(key);
  if (parsed === undefined) return;
  const generation: Generation = generations.get(parsed.generation) ?? new Map<number, Candidate[]>();
  const candidates = generation.get(parsed.number) ?? [];
  const known = candidates.find(({ sha256Start }) => sha256Start === parsed.sha256Start);
  if (known === undefined) candidates.push({ ...parsed, key, places: [place] });
  else known.places.push(place);
  generation.set(parsed.number, candidates);
  generations.set(parsed.generation, generation);
}

/** undefined: done, or not wanted, or older than what is known. Text: why it cannot be used. */
async function loadGeneration(
  search: ManifestSearch & Stalls,
  name: string,
  generation: Generation,
  newest: Map<string, FoundBucket>,
  onUnsigned: () => void,
): Promise<string | undefined> {
  const chain = createChain(search, generation);
  let first: ReadDocument | undefined;
  try {
    first = await chain.next();
  } catch (error) {
    throwIfOurs(error);
    if (error instanceof DocumentError && error.problem === 'not-for-these-keys') return 'sealed-to-others';
    if (error instanceof DocumentError && error.problem === 'not-signed') onUnsigned();
    return `generation ${name}: ${messageOf(error)}`;
  }
  // The others say of whom they are, and what stands in the missing one nobody would miss.
  if (first === undefined || chain.gaps.length > 0) return `generation ${name}: its first document is missing`;
  const { header } = first;
  const id = JSON.stringify([header.tenant, header.bucket]);
  const known = newest.get(id);
  if (known !== undefined && known.header.bucketId >= header.bucketId) return undefined;
  if (!search.wanted(header)) return undefined;
  const loaded = await fill(search, first, chain);
  if (typeof loaded === 'string') return `${header.tenant}/${header.bucket}, generation ${name}: ${loaded}`;
  if (known !== undefined) search.work.endBucket(known.id);
  newest.set(id, loaded);
  return undefined;
}

/** Applies document after document. Text: the base is not whole. */
async function fill(
  { work }: ManifestSearch,
  first: ReadDocument,
  chain: ReturnType<typeof createChain>,
): Promise<FoundBucket | string> {
  const id = work.beginBucket(first.header);
  let last = first;
  let baseDone = false;
  for (let document: ReadDocument | undefined = first; document !== undefined; ) {
    apply(work, id, document);
    last = document;
    if (document.header.kind === 'base' && !document.more) baseDone = true;
    try {
      document = await chain.next();
    } catch (error) {
      throwIfOurs(error);
      if (baseDone) throw error;
      work.endBucket(id);
      return messageOf(error);
    }
    if (!baseDone && (document === undefined || chain.gaps.length > 0)) {
      work.endBucket(id);
      return 'its base is not there as a whole';
    }
  }
  return { id, header: last.header, warnings: chain.gaps };
}

function apply(work: WorkFile, bucket: number, { lines }: ReadDocument): void {
  work.inTransaction(() => {
    for (const line of lines) {
      if (line.t === 'v') work.applyVersion(bucket, line);
      else if (line.t === 's') work.applySegment(bucket, line);
      else work.applyKey(bucket, line);
    }
  });
}

/**
 * Reads the documents of a generation in order. Of several with one number the one counts that the next number goes on
 * from, else the one that knows most. What is missing behind the base is noted and passed over: later documents say
 * what is true of the keys they name, whatever came before.
 */
function createChain({ findKey, verifiers, signal, slow }: ManifestSearch & Stalls, generation: Generation) {
  const numbers = [...generation.keys()].sort((a, b) => a - b);
  const gaps: string[] = [];
  let expected = 0;
  let previous: string | null = null;

  async function readOne(candidate: Candidate): Promise<ReadDocument> {
    let failure: unknown;
    // What let us wait once is asked last: a manifest may have thousands of documents.
    const inOrder = candidate.places.toSorted((a, b) => Number(slow.has(a.source)) - Number(slow.has(b.source)));
    for (const place of inOrder) {
      try {
        return await readDocument(place, candidate, { findKey, verifiers, signal: within(signal, place.timeoutMs) });
      } catch (error) {
        signal.throwIfAborted();
        throwIfOurs(error);
        failure = error;
        if (isTimeout(error)) slow.add(place.source);
        if (error instanceof DocumentError && error.problem === 'not-for-these-keys') throw error;
      }
    }
    throw failure;
  }

  async function readAny(candidates: readonly Candidate[]): Promise<readonly ReadDocument[]> {
    const read: ReadDocument[] = [];
    let failure: unknown;
    for (const candidate of candidates) {
      try {
        read.push(await readOne(candidate));
      } catch (error) {
        throwIfOurs(error);
        failure = error;
      }
    }
    if (read.length === 0) throw failure;
    return read;
  }

  async function choose(documents: readonly ReadDocument[], number: number): Promise<ReadDocument | undefined> {
    if (documents.length < 2) return documents[0];
    const later = await readAny(generation.get(number + 1) ?? []).catch(() => []);
    const followed = documents.find(({ sha256 }) => later.some(({ header }) => header.previous === sha256));
    const byKnowledge = documents.toSorted((a, b) => Number(BigInt(b.header.through) - BigInt(a.header.through)));
    return followed ?? byKnowledge[0];
  }

  return {
    gaps: gaps as readonly string[],
    /** The next document; undefined at the end. @throws DocumentError, Fault when the first one cannot be read */
    async next(): Promise<ReadDocument | undefined> {
      for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
        if (number > expected) gaps.push(`${countText(number - expected)} before number ${number} missing`);
        expected = number + 1;
        try {
          const document = await choose(await readAny(generation.get(number) ?? []), number);
          if (document === undefined) continue;
          const fits = number === 0 ? document.header.previous === null : document.header.previous === previous;
          if (!fits && gaps.length === 0) gaps.push(`document ${number} does not go on from the one before it`);
          previous = document.sha256;
          return document;
        } catch (error) {
          signal.throwIfAborted();
          throwIfOurs(error);
          if (number === 0) throw error;
          gaps.push(`document ${number}: ${messageOf(error)}`);
        }
      }
      return undefined;
    },
  };
}

/** A passphrase that is missing or wrong is nothing that another copy makes up for. */
function throwIfOurs(error: unknown): void {
  if (error instanceof CliError || error instanceof SealError) throw error;
}

function countText(count: number): string {
  return count === 1 ? 'one document is' : `${count} documents are`;
}

function messageOf(error: unknown): string {
  return error instanceof DocumentError ? error.message : reasonOf(error);
}
