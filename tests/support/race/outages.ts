import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisServer } from '../../../packages/testkit/src/redis-server/index.ts';
import type { Random } from '../random.ts';

/** Killed: it comes back with nothing. Stopped: it keeps its connections and what it knew, and answers nothing for a while. */
export type Outage = 'killed' | 'stopped';

/** How long clients race with Redis, and how long without: up to so many milliseconds. */
const CALM_MS = 600;
const AWAY_MS = 900;

/** One outage of Redis, from a calm time before it to its end. The kinds take turns. */
export async function strikeRedis(redis: RedisServer, random: Random, round: number): Promise<Outage> {
  await sleep(random.below(CALM_MS));
  if (round % 2 === 0) {
    await redis.kill();
    await sleep(random.below(AWAY_MS));
    await redis.start();
    return 'killed';
  }
  redis.pause();
  await sleep(random.below(AWAY_MS));
  redis.resume();
  return 'stopped';
}
