import { parseEnvelope, SealError } from '@sealgate/sealed/inspect';
import { rewrapEnvelope } from '@sealgate/sealed/open';
import type { OpeningKey, RecipientKey } from '../keyring.ts';
import { REWRAP_BATCH_CHARS_MAX, REWRAP_CONCURRENCY, REWRAP_PROBLEMS_MAX } from '../limits.ts';
import type { ChangedEnvelope, ListedEnvelope, NewEnvelope, RewrapDeps, RewrapOptions, RewrapReport } from './types.ts';

type Tally = { -readonly [Name in keyof RewrapReport]: RewrapReport[Name] } & {
  problems: { key: string; versionId: string; problem: string }[];
};

interface Work {
  readonly deps: RewrapDeps;
  readonly options: RewrapOptions;
  readonly recipients: readonly RecipientKey[];
  readonly keyVersion: number;
  readonly unlock: (keyIds: readonly string[]) => Promise<readonly OpeningKey[]>;
  readonly tally: Tally;
}

/**
 * Seals the envelopes of a bucket's versions to the owner's present keys. Data keys and objects stay as they are; not a
 * byte of them moves. What was done stays done when it is stopped: whatever is still sealed to other keys is what is left.
 *
 * @throws Fault what the store said; SealError about the owner's keys
 */
export async function rewrapObjects(deps: RewrapDeps, options: RewrapOptions): Promise<RewrapReport> {
  const recipients = await deps.keys.recipients();
  const tally: Tally = {
    ...{ changed: 0, locked: 0, withoutKey: 0, overtaken: 0, refused: 0, damaged: 0 },
    problems: [],
  };
  const keyVersion = (await deps.keys.primaryVersion?.()) ?? 1;
  const work: Work = { deps, options, recipients, keyVersion, unlock: createUnlock(deps), tally };
  const { bucket, prefix, signal, onProgress } = options;
  const pages = deps.store.pages({ bucket, prefix, sealedTo: recipients.map(({ keyId }) => keyId) });
  let done = 0;
  const failed = new AbortController();
  const worker = async (): Promise<void> => {
    while (!failed.signal.aborted) {
      signal?.throwIfAborted();
      const { value, done: ended } = await pages.next();
      if (ended === true) return;
      await rewrapPage(work, value);
      done += value.length;
      onProgress?.(done);
    }
  };
  // When one fails the others end what they have begun: whoever hears of the failure must not find the work going on.
  const workers = Array.from({ length: REWRAP_CONCURRENCY }, () =>
    worker().catch((error: unknown) => failed.abort(error)),
  );
  await Promise.all(workers);
  failed.signal.throwIfAborted();
  return tally;
}

/** Each set of recipients is unlocked once: its owner is asked for a passphrase once too. */
function createUnlock({ keys }: Pick<RewrapDeps, 'keys'>): Work['unlock'] {
  const known = new Map<string, Promise<readonly OpeningKey[]>>();
  return (keyIds) => {
    const name = keyIds.toSorted().join(' ');
    const found = known.get(name) ?? keys.unlock(keyIds);
    known.set(name, found);
    return found;
  };
}

async function rewrapPage(work: Work, page: readonly ListedEnvelope[]): Promise<void> {
  const { deps, options, tally } = work;
  const made = (await Promise.all(page.map((listed) => rewrapOne(work, listed)))).filter((one) => one !== undefined);
  if (options.dryRun === true) {
    tally.changed += made.length;
    return;
  }
  for (const batch of batchesOf(made)) {
    options.signal?.throwIfAborted();
    const answers = await deps.store.change(options.bucket, batch);
    batch.forEach((change, at) => count(tally, change, answers[at]));
  }
}

/** The change that a version needs; undefined when it cannot be made, which is counted. */
async function rewrapOne(work: Work, listed: ListedEnvelope): Promise<NewEnvelope | undefined> {
  const { deps, options, recipients, keyVersion, tally } = work;
  const { key, versionId, keyId } = listed;
  if (listed.locked) {
    tally.locked += 1;
    return undefined;
  }
  const names = { tenant: deps.tenant, bucket: options.bucket, key };
  const change = { key, versionId, expected: { keyId, keyVersion: listed.keyVersion }, keyVersion };
  try {
    const old = parseEnvelope(listed.envelope);
    const keys = await work.unlock(old.recipients.map((recipient) => recipient.keyId));
    if (keys.length === 0) {
      tally.withoutKey += 1;
      return undefined;
    }
    if (options.dryRun === true) return { ...change, envelope: '' };
    return { ...change, envelope: (await rewrapEnvelope(old, { keys, names, recipients })).text };
  } catch (error) {
    if (!(error instanceof SealError) || !DAMAGE.has(error.code)) throw error;
    tally.damaged += 1;
    noteProblem(tally, listed, error.message);
    return undefined;
  }
}

/** What an envelope can be wrong in; all else is about the owner's own keys. */
const DAMAGE: ReadonlySet<SealError['code']> = new Set([
  'limit-exceeded',
  'malformed-envelope',
  'not-for-this-object',
  'unsupported',
  'wrong-key',
]);

function count(tally: Tally, change: NewEnvelope, answer: ChangedEnvelope | undefined): void {
  switch (answer?.outcome) {
    case 'changed':
      tally.changed += 1;
      return;
    case 'locked':
      tally.locked += 1;
      return;
    case 'refused':
      tally.refused += 1;
      noteProblem(tally, change, `The gateway refuses the new envelope: ${answer.reason ?? 'unknown'}.`);
      return;
    default:
      tally.overtaken += 1;
      noteProblem(tally, change, 'Somebody else changed or removed it meanwhile.');
  }
}

function noteProblem(tally: Tally, at: Pick<ListedEnvelope, 'key' | 'versionId'>, problem: string): void {
  if (tally.problems.length >= REWRAP_PROBLEMS_MAX) return;
  tally.problems.push({ key: at.key, versionId: at.versionId, problem });
}

/** Many recipients make long envelopes, and a request has a bound. */
function* batchesOf(changes: readonly NewEnvelope[]): Generator<readonly NewEnvelope[]> {
  let batch: NewEnvelope[] = [];
  let chars = 0;
  for (const change of changes) {
    const length = JSON.stringify(change).length;
    if (batch.length > 0 && chars + length > REWRAP_BATCH_CHARS_MAX) {
      yield batch;
      batch = [];
      chars = 0;
    }
    batch.push(change);
    chars += length;
  }
  if (batch.length > 0) yield batch;
}
