import { createBatcher } from '@sealgate/core/batching';
import type { Database, SqlValue } from '../db/database.ts';
import { leftNoTrace } from '../db/errors.ts';
import { COMMIT_FURTHER_LANE_FROM, COMMIT_LANES, COMMITS_TOGETHER_MAX } from '../limits.ts';

export interface CommittedRow {
  readonly outcome: string;
  readonly seq: bigint;
  readonly is_null: boolean;
  readonly versioned: boolean;
  readonly modified_at: number;
}

/** The parameters of the statement commit-version but its last, which says whether to wait for the key. */
export type CommitColumns = readonly SqlValue[];

/** Commits versions. */
export interface GroupCommit {
  /** Those that come while others are under way share a transaction with them, each with an outcome of its own. */
  together(columns: CommitColumns): Promise<CommittedRow[]>;
  /** In a transaction of its own. */
  alone(columns: CommitColumns): Promise<CommittedRow[]>;
}

/** Where commit-versions has one value for all: the waits, which are settings of this process. */
const SHARED_COLUMNS: ReadonlySet<number> = new Set([29, 30, 31]);

export function createGroupCommit(database: Pick<Database, 'write'>): GroupCommit {
  const one = (columns: CommitColumns, wait: boolean): Promise<CommittedRow[]> =>
    database.write<CommittedRow>('commit-version', [...columns, wait]);
  const alone = (columns: CommitColumns): Promise<CommittedRow[]> => one(columns, true);
  const submit = createBatcher<CommitColumns, CommittedRow>({
    async send(commits) {
      const [first] = commits;
      if (first !== undefined && commits.length === 1) return one(first, false);
      return database.write<CommittedRow>('commit-versions', arraysOf(commits));
    },
    itemsMax: COMMITS_TOGETHER_MAX,
    lanes: COMMIT_LANES,
    furtherLaneFrom: COMMIT_FURTHER_LANE_FROM,
    hadNoEffect: leftNoTrace,
  });
  return {
    alone,
    async together(columns) {
      const row = await submit(columns);
      return row.outcome === 'Busy' ? alone(columns) : [row];
    },
  };
}

/** One array a column; NULL where it would hold nothing else, as most do. */
function arraysOf(commits: readonly CommitColumns[]): SqlValue[] {
  return (commits[0] ?? []).map((value, column) => {
    if (SHARED_COLUMNS.has(column)) return value;
    return commits.every((columns) => columns[column] === null) ? null : commits.map((columns) => columns[column]);
  });
}
