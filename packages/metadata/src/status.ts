import type { Database } from './db/database.ts';

/** What an operator watches of the database. */
export interface DatabaseStatus {
  /** Connections of this process, and calls that wait for one. */
  connections(): { readonly open: number; readonly idle: number; readonly waiting: number };
  /** @throws Fault DatabaseUnavailable */
  queueDepths(): Promise<QueueDepths>;
}

export interface QueueDepths {
  readonly deletions: number;
  /** Repair jobs that wait or are under way. */
  readonly repairs: number;
  /** Repair jobs that failed too often and wait for a person. */
  readonly givenUp: number;
  /** Changes that have not become messages yet. */
  readonly events: number;
  /** Messages to webhooks that wait or are under way. */
  readonly deliveries: number;
  /** Messages to webhooks that failed too often and wait for a person. */
  readonly deadLetters: number;
}

interface DepthsRow {
  readonly deletions: number;
  readonly repairs: number;
  readonly given_up: number;
  readonly events: number;
  readonly deliveries: number;
  readonly dead_letters: number;
}

export function createStatus(database: Database): DatabaseStatus {
  return {
    connections: () => database.connections(),
    async queueDepths() {
      const [row] = await database.read<DepthsRow>('queue-depths', []);
      return {
        deletions: row?.deletions ?? 0,
        repairs: row?.repairs ?? 0,
        givenUp: row?.given_up ?? 0,
        events: row?.events ?? 0,
        deliveries: row?.deliveries ?? 0,
        deadLetters: row?.dead_letters ?? 0,
      };
    },
  };
}
