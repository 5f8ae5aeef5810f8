import { Fault } from '@sealgate/core/faults';
import type { Migration, SchemaFiles, SqlFile } from './files.ts';

export interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

export interface AppliedFunction {
  readonly name: string;
  readonly checksum: string;
}

export interface MigrationPlan {
  readonly migrations: readonly Migration[];
  readonly functions: readonly SqlFile[];
}

/**
 * What is left to do, from what the database says was done.
 * @throws Fault StartFailed when the database is newer than this program, or was made from other migrations
 */
export function planMigration(
  files: SchemaFiles,
  applied: { readonly migrations: readonly AppliedMigration[]; readonly functions: readonly AppliedFunction[] },
): MigrationPlan {
  for (const done of applied.migrations) {
    const file = files.migrations[done.number - 1];
    if (file === undefined) {
      throw new Fault(
        'StartFailed',
        `The database has migration ${done.name}, which this release does not know: it is newer than the program. Upgrade the program.`,
      );
    }
    if (file.checksum !== done.checksum) {
      throw new Fault(
        'StartFailed',
        `Migration ${done.name} was applied with other contents than ${file.name} has now. Applied migrations never change; restore the file or the database.`,
      );
    }
  }
  const highest = Math.max(0, ...applied.migrations.map((done) => done.number));
  const known = new Map(applied.functions.map((done) => [done.name, done.checksum]));
  return {
    migrations: files.migrations.filter((file) => file.number > highest),
    functions: files.functions.filter((file) => known.get(file.name) !== file.checksum),
  };
}
