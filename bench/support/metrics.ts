import type { GatewayProcess } from '../../tests/support/gateway.ts';

/** Calls that the gateway made to its metadata database so far, as its metrics count them. */
export async function databaseCalls(gateway: Pick<GatewayProcess, 'credentials'>): Promise<number> {
  const { controlEndpoint, adminKey } = gateway.credentials;
  const answer = await fetch(`${controlEndpoint}/metrics`, { headers: { 'x-admin-key': adminKey } });
  const lines = (await answer.text()).split('\n');
  return lines
    .filter((line) => line.startsWith('sealgate_database_duration_seconds_count'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
