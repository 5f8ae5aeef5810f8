import { toBase64url } from '../bytes.ts';
import type { AckedPart, OutgoingPart } from './upload-parts.ts';
import { CARRY_BYTES, type UploadedPart, type UploadJournal } from './upload-state.ts';

/** Turns acknowledgements in any order into the journal's gapless sequence. */
export interface JournalKeeper {
  /** A part was cut from the body: its first bytes complete the entry of the part before. */
  readonly cut: (part: OutgoingPart) => void;
  /** Resolves when everything that can be written is. */
  readonly acked: (part: AckedPart) => Promise<void>;
}

/** @param firstPart the number of the first part that the journal does not have yet */
export function createJournalKeeper(journal: UploadJournal, firstPart: number): JournalKeeper {
  const heads = new Map<number, string>();
  const stored = new Map<number, Omit<UploadedPart, 'carry'>>();
  let next = firstPart;
  let writing = Promise.resolve();

  async function writeReady(): Promise<void> {
    for (let entry = takeNext(); entry !== undefined; entry = takeNext()) await journal.partStored(entry);
  }

  function takeNext(): UploadedPart | undefined {
    const part = stored.get(next);
    const carry = heads.get(next + 1);
    if (part === undefined || carry === undefined) return undefined;
    stored.delete(next);
    heads.delete(next + 1);
    next += 1;
    return { ...part, carry };
  }

  function write(): Promise<void> {
    writing = writing.then(writeReady);
    // Whoever waits for `writing` sees the failure; nobody might, when the upload itself fails first.
    writing.catch(() => undefined);
    return writing;
  }

  return {
    cut({ partNumber, bytes }) {
      heads.set(partNumber, toBase64url(bytes.subarray(0, CARRY_BYTES)));
      void write();
    },
    acked({ partNumber, etag, leaves }) {
      stored.set(partNumber, { etag, ...(leaves === undefined ? {} : { leaves }) });
      return write();
    },
  };
}
