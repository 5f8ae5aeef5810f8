import { randomBytes } from 'node:crypto';
import { Client, type QueryResult } from 'pg';
import { inject } from 'vitest';
import type { TestDatabase } from '../embedded/testing.ts';

/**
 * A database with nothing in it, for what the template of the other suites has behind it: migrations.
 *
 * @param options.from what another one has, to which nobody is connected
 */
export async function emptyDatabase(
  options: { readonly encoding?: 'UTF8' | 'LATIN1'; readonly from?: string } = {},
): Promise<TestDatabase> {
  const { adminUrl, ownerUrl } = inject('testCluster');
  const name = `empty_${randomBytes(6).toString('hex')}`;
  const template = options.from === undefined ? 'template0' : new URL(options.from).pathname.slice(1);
  await sql(
    adminUrl,
    `CREATE DATABASE ${name} OWNER sealgate TEMPLATE ${template} STRATEGY file_copy ENCODING '${options.encoding ?? 'UTF8'}' LOCALE 'C'`,
  );
  const url = new URL(ownerUrl);
  url.pathname = `/${name}`;
  return {
    databaseUrl: url.href,
    drop: async () => {
      await sql(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

/** Runs statements on a connection of its own and gives the rows of the last one. */
export async function sql<Row>(databaseUrl: string, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: databaseUrl, options: '-c search_path=pg_catalog' });
  await client.connect();
  try {
    // Without values the text goes as a simple query, which may hold several statements.
    const result = values.length === 0 ? await client.query(text) : await client.query(text, [...values]);
    const [final] = Array.isArray(result) ? (result as QueryResult[]).slice(-1) : [result];
    return (final?.rows ?? []) as Row[];
  } finally {
    await client.end();
  }
}
