import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'pg';
import { withClient } from './connection.ts';
import { startCluster } from './start.ts';
import type { EmbeddedCluster, EmbeddedLogger } from './types.ts';

/**
 * PostgreSQL for the tests of the repository: one throwaway cluster a run, started by vitest's global setup, and a
 * database a suite, cloned from a template that was migrated once.
 *
 *     // global setup file
 *     export default testClusterSetup({ migrate: (databaseUrl) => migrateTo(databaseUrl) });
 *
 *     // suite
 *     const database = await createTestDatabase(inject('testCluster'));
 *     afterAll(() => database.drop());
 *
 * where `ProvidedContext` of vitest is told of `testCluster: TestClusterAddress`.
 */
export interface TestClusterAddress {
  /** Superuser. */
  readonly adminUrl: string;
  /** The role that owns the databases, as in production; no superuser. */
  readonly ownerUrl: string;
}

export interface TestCluster {
  /** Plain data, so that it can be handed to worker processes. */
  readonly address: TestClusterAddress;
  stop(): Promise<void>;
}

export interface TestClusterOptions {
  /** Brings the template up to date; without it suites get empty databases. */
  readonly migrate?: (databaseUrl: string) => Promise<void>;
  readonly logger?: EmbeddedLogger;
}

export interface TestDatabase {
  readonly databaseUrl: string;
  /** Also ends connections that a failed test left open. */
  drop(): Promise<void>;
}

const TEMPLATE = 'sealgate_template';

/** A cluster that nobody will miss: nothing waits for the disk. */
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_connections: '300',
  autovacuum_naptime: '1h',
};

const quiet: EmbeddedLogger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Starts the cluster and migrates the template. It ends with {@link TestCluster.stop}, or with this process if that is killed. */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const { migrate, logger = quiet } = options;
  const dataDir = mkdtempSync(join(tmpdir(), 'sealgate-test-'));
  let cluster: EmbeddedCluster | undefined;
  let guard: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    guard?.kill('SIGKILL');
    await cluster?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    cluster = await startCluster({ dataDir, logger, settings });
    guard = endWithUs(cluster.pid, dataDir);
    const address = { adminUrl: cluster.adminUrl, ownerUrl: cluster.databaseUrl };
    await makeTemplate(address, migrate);
    return { address, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What vitest's global setup gets, as far as it is used here. */
interface SetupProject {
  provide(key: 'testCluster', value: TestClusterAddress): void;
}

/** A global setup for vitest that provides `testCluster`. */
export function testClusterSetup(options: TestClusterOptions): (project: SetupProject) => Promise<() => Promise<void>> {
  return async (project) => {
    const cluster = await startTestCluster(options);
    project.provide('testCluster', cluster.address);
    return () => cluster.stop();
  };
}

/** A database of its own for a suite, with what the template holds. */
export async function createTestDatabase(address: TestClusterAddress): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(address, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} OWNER sealgate STRATEGY file_copy`);
  return {
    databaseUrl: withDatabase(address.ownerUrl, name),
    drop: () => asAdmin(address, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function makeTemplate(address: TestClusterAddress, migrate: TestClusterOptions['migrate']): Promise<void> {
  await asAdmin(address, `CREATE DATABASE ${TEMPLATE} OWNER sealgate STRATEGY file_copy`);
  await migrate?.(withDatabase(address.ownerUrl, TEMPLATE));
  // A template with a session cannot be cloned; from here on nobody gets in.
  await asAdmin(
    address,
    `ALTER DATABASE ${TEMPLATE} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`,
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${TEMPLATE}'`,
  );
}

/** One statement at a time: those about databases may not be part of a transaction. */
async function asAdmin(address: TestClusterAddress, ...statements: readonly string[]): Promise<void> {
  await withClient(address.adminUrl, async (client: Client) => {
    for (const statement of statements) await client.query(statement);
  });
}

function withDatabase(databaseUrl: string, name: string): string {
  const address = new URL(databaseUrl);
  address.pathname = `/${name}`;
  return address.href;
}

/**
 * A shell that waits for the end of its input, which comes when this process is gone, however it ended; then it ends
 * the server and removes its directory. Test runs are killed often, and a server each would be left behind.
 */
function endWithUs(pid: number, directory: string): ChildProcess {
  const script =
    'read -r _; kill -QUIT "$1"; i=0; while kill -0 "$1" 2>/dev/null && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done; rm -rf "$2"';
  const guard = spawn('/bin/sh', ['-c', script, 'sh', String(pid), directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.on('error', () => undefined);
  guard.unref();
  // The pipe must not keep the run alive either; it is a socket, though the types do not say so.
  (guard.stdin as Socket | null)?.unref();
  return guard;
}
