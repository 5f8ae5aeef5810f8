/** What stands in the JSON frames of a backup. */

export const BACKUP_FORMAT = 'sealgate-metadata-backup';

export interface BackupHeader {
  readonly format: typeof BACKUP_FORMAT;
  readonly version: 1;
  /** Of the database's clock: what was committed later is not in it. */
  readonly takenAt: string;
  /** Those that the schema had, with the checksums of their texts. */
  readonly migrations: readonly { readonly number: number; readonly checksum: string }[];
}

export interface TableStart {
  readonly table: string;
  readonly columns: readonly string[];
}

export interface TableEnd {
  readonly ends: string;
  readonly rows: number;
  /** Of all the table's row frames, joined. */
  readonly sha256: string;
}

/** A name of a table or column in SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
