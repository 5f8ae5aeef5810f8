import { newDataDir, removeDataDir, startGateway } from '../../tests/support/gateway.ts';
import type { Row } from '../support/row.ts';
import { median } from '../support/stats.ts';

const STARTS = 3;
const COLD_SECONDS = 4;
const WARM_SECONDS = 1.5;

async function secondsToReady(dataDir: string): Promise<number> {
  const startedMs = performance.now();
  const gateway = await startGateway({ dataDir });
  const seconds = (performance.now() - startedMs) / 1000;
  await gateway.stop();
  return seconds;
}

/** The program as `npm start` runs it: embedded PostgreSQL, demo backends, both listeners. */
export const start: Row = {
  id: 14,
  async run() {
    const turns: { readonly cold: number; readonly warm: number }[] = [];
    for (let turn = 0; turn < STARTS; turn += 1) {
      const dataDir = newDataDir();
      try {
        turns.push({ cold: await secondsToReady(dataDir), warm: await secondsToReady(dataDir) });
      } finally {
        removeDataDir(dataDir);
      }
    }
    const [cold, warm] = [median(turns.map((turn) => turn.cold)), median(turns.map((turn) => turn.warm))];
    const finding = (kind: string, seconds: number, budget: number) => ({
      row: '14',
      work: `${kind} embedded start to readyz`,
      measured: `${seconds.toFixed(2)} s`,
      budget: `≤ ${budget} s`,
      met: seconds <= budget,
      absolute: `median of ${STARTS}, asked every 25 ms`,
    });
    return [finding('cold', cold, COLD_SECONDS), finding('warm', warm, WARM_SECONDS)];
  },
};
