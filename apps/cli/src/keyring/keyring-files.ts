import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere, writePrivateFile } from '@sealgate/runtime/files';
import {
  type KeyringContent,
  type KeyringPin,
  parseKeyringContent,
  writeKeyringContent,
} from '@sealgate/sealed/keyring';
import { CliError } from '../cli-error.ts';
import { isJsonObject } from '../files/json.ts';

/** What the owner remembers of keyrings: which root signs them and which was seen last, and the one that is being made. */
export interface KeyringFiles {
  /** By tenant. */
  pins(): Promise<ReadonlyMap<string, KeyringPin>>;
  /** Never goes back: another command may have seen a later one meanwhile. */
  savePin(pin: KeyringPin): Promise<void>;
  draft(tenant: string): Promise<KeyringContent | undefined>;
  /** @returns its path, to be carried to where the root is */
  saveDraft(draft: KeyringContent): Promise<string>;
  removeDraft(tenant: string): Promise<void>;
}

export function createKeyringFiles(configDir: string): KeyringFiles {
  const pinsPath = join(configDir, 'keyring-pins.json');
  const draftPath = (tenant: string): string => join(configDir, `keyring-draft-${encodeURIComponent(tenant)}.json`);

  async function pins(): Promise<Map<string, KeyringPin>> {
    const text = await readIfThere(pinsPath);
    if (text === undefined) return new Map();
    const list = pinsIn(text);
    // To go on without what was pinned is what somebody wants who damages the file.
    if (list === undefined) throw new CliError(`${pinsPath} is damaged.`, { hint: 'Restore it from your backup.' });
    return new Map(list.map((pin) => [pin.tenant, pin]));
  }

  return {
    pins,
    async savePin(pin) {
      const known = await pins();
      const before = known.get(pin.tenant);
      if (before !== undefined && before.rootKeyId === pin.rootKeyId && before.seq > pin.seq) return;
      const all = [...known.set(pin.tenant, pin).values()];
      await writePrivateFile(pinsPath, `${JSON.stringify({ version: 1, pins: all }, undefined, 2)}\n`);
    },
    async draft(tenant) {
      const text = await readIfThere(draftPath(tenant));
      return text === undefined ? undefined : await parseKeyringContent(text);
    },
    async saveDraft(draft) {
      const path = draftPath(draft.tenant);
      // Our own reader's checks: what is signed offline cannot be mended there.
      const text = writeKeyringContent(draft);
      await parseKeyringContent(text);
      await writePrivateFile(path, `${text}\n`);
      return path;
    },
    removeDraft: (tenant) => rm(draftPath(tenant), { force: true }),
  };
}

function pinsIn(text: string): readonly KeyringPin[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const list = isJsonObject(value) && value['version'] === 1 ? value['pins'] : undefined;
    return Array.isArray(list) && list.every(isPin) ? list : undefined;
  } catch {
    return undefined;
  }
}

function isPin(value: unknown): value is KeyringPin {
  if (!isJsonObject(value)) return false;
  const { tenant, rootKeyId, seq, digest } = value;
  if (typeof tenant !== 'string' || typeof rootKeyId !== 'string' || typeof seq !== 'number') return false;
  return digest === null ? seq === 0 : typeof digest === 'string' && Number.isSafeInteger(seq) && seq > 0;
}
