import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Fault } from '@sealgate/core/faults';

export interface SqlFile {
  readonly name: string;
  readonly text: string;
  /** SHA-256 of the text, hex. */
  readonly checksum: string;
}

export interface Migration extends SqlFile {
  readonly number: number;
}

export interface SchemaFiles {
  /** Ascending, without gaps, from 1. */
  readonly migrations: readonly Migration[];
  readonly functions: readonly SqlFile[];
}

const MIGRATION = /^(\d{4})-[a-z0-9-]+\.sql$/;

/** Reads `migrations/` and `functions/` of this package. @throws Fault StartFailed when the numbers have a gap. */
export function loadSchemaFiles(root: URL = new URL('../../', import.meta.url)): SchemaFiles {
  const migrations = sqlFiles(new URL('migrations/', root)).map((file, index) => {
    const number = Number(MIGRATION.exec(file.name)?.[1]);
    if (number !== index + 1)
      throw new Fault('StartFailed', `Migration ${file.name} should have the number ${index + 1}.`);
    return { ...file, number };
  });
  return { migrations, functions: sqlFiles(new URL('functions/', root)) };
}

function sqlFiles(folder: URL): SqlFile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const text = readFileSync(new URL(name, folder), 'utf8');
      return { name, text, checksum: createHash('sha256').update(text).digest('hex') };
    });
}
