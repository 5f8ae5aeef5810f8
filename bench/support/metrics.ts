import type { GatewayProcess } from '../../tests/support/gateway.ts';

/** The sum of a metric of the gateway over all its labels. */
async function metricOf(gateway: Pick<GatewayProcess, 'credentials'>, name: string): Promise<number> {
  const { controlEndpoint, adminKey } = gateway.credentials;
  const answer = await fetch(`${controlEndpoint}/metrics`, { headers: { 'x-admin-key': adminKey } });
  const lines = (await answer.text()).split('\n').filter((line) => /^[a-z_]+/.exec(line)?.[0] === name);
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** Statements that the gateway sent to its metadata database so far: round trips. */
export function databaseStatements(gateway: Pick<GatewayProcess, 'credentials'>): Promise<number> {
  return metricOf(gateway, 'sealgate_database_statements_total');
}

/** Reads that asked a second replica because the first was late. */
export function hedgedReads(gateway: Pick<GatewayProcess, 'credentials'>): Promise<number> {
  return metricOf(gateway, 'sealgate_hedged_reads_total');
}
