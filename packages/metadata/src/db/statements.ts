import { readdirSync, readFileSync } from 'node:fs';

export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** All of `queries/*.sql`, read once by the caller at start. The file's name is the statement's. */
export function loadStatements(
  folder: URL = new URL('../../queries/', import.meta.url),
): ReadonlyMap<string, Statement> {
  const statements = new Map<string, Statement>();
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.sql')) continue;
    const name = file.slice(0, -4);
    statements.set(name, { name, text: readFileSync(new URL(file, folder), 'utf8') });
  }
  return statements;
}
