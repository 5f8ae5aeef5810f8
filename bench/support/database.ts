import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import type { GatewayProcess } from '../../tests/support/gateway.ts';

/** How to reach the gateway's own database. */
export function databaseOf({ dataDir }: Pick<GatewayProcess, 'dataDir'>): ClientConfig {
  const root = join(dataDir, 'postgres');
  const { password } = JSON.parse(readFileSync(join(root, 'identity.json'), 'utf8')) as { readonly password: string };
  return { host: join(root, 'cluster'), user: 'sealgate', database: 'sealgate', password };
}

/** A connection to the gateway's own database: rows that would take hours through S3 are put there in one statement. */
export async function withDatabase<T>(
  gateway: Pick<GatewayProcess, 'dataDir'>,
  work: (query: (text: string, values?: readonly unknown[]) => Promise<Record<string, unknown>[]>) => Promise<T>,
): Promise<T> {
  const client = new Client(databaseOf(gateway));
  await client.connect();
  try {
    return await work(async (text, values = []) => {
      const result = await client.query<Record<string, unknown>>(text, [...values]);
      return result.rows;
    });
  } finally {
    await client.end();
  }
}
