import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { GatewayProcess } from '../../tests/support/gateway.ts';

/** A connection to the gateway's own database: rows that would take hours through S3 are put there in one statement. */
export async function withDatabase<T>(
  gateway: Pick<GatewayProcess, 'dataDir'>,
  work: (query: (text: string, values?: readonly unknown[]) => Promise<Record<string, unknown>[]>) => Promise<T>,
): Promise<T> {
  const root = join(gateway.dataDir, 'postgres');
  const { password } = JSON.parse(readFileSync(join(root, 'identity.json'), 'utf8')) as { readonly password: string };
  const client = new Client({ host: join(root, 'cluster'), user: 'sealgate', database: 'sealgate', password });
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
