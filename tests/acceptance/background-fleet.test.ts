// Two gateways and an agent that share what a backend allows to background work, as their metrics tell it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayCluster, hasRedis, startGatewayCluster } from '../support/cluster.ts';
import { admin, type GatewayProcess } from '../support/gateway.ts';

const missing = hasRedis() ? '' : ' (skipped: the program "redis-server" is missing, which a cluster starts)';
const PATIENCE = { timeout: 120_000, interval: 250 };

describe.skipIf(missing !== '')(`a fleet${missing}`, () => {
  let cluster: GatewayCluster;
  beforeAll(async () => {
    cluster = await startGatewayCluster({ gateways: 2 });
  });
  afterAll(() => cluster.stop());

  const workers = async ({ credentials }: GatewayProcess): Promise<Record<string, number>> => {
    const { controlEndpoint, adminKey } = credentials;
    const answer = await fetch(`${controlEndpoint}/metrics`, { headers: { 'x-admin-key': adminKey } });
    const lines = (await answer.text()).matchAll(/^sealgate_background_workers\{backend="([^"]+)"\} (\d+)$/gm);
    return Object.fromEntries([...lines].map(([, backend = '', count]) => [backend, Number(count)]));
  };

  test('divides a limit by who works, and one that stops leaves its part to the others', async () => {
    const [first, second] = cluster.gateways;
    if (first === undefined || second === undefined) throw new Error('There are two.');
    await admin(first, 'PUT', '/admin/backends/place-hel/background-limits', { bytesPerSecond: 8 * 1024 * 1024 });
    for (const gateway of [first, second])
      await expect.poll(() => workers(gateway), PATIENCE).toEqual({ 'place-hel': 2 });
    const agent = await cluster.addAgent();
    for (const gateway of [first, second])
      await expect.poll(() => workers(gateway), PATIENCE).toEqual({ 'place-hel': 3 });
    await second.stop();
    await expect.poll(() => workers(first), PATIENCE).toEqual({ 'place-hel': 2 });
    await agent.stop();
    await expect.poll(() => workers(first), PATIENCE).toEqual({ 'place-hel': 1 });
    await admin(first, 'PUT', '/admin/backends/place-hel/background-limits', { bytesPerSecond: null });
    await expect.poll(() => workers(first), PATIENCE).toEqual({});
  });
});
