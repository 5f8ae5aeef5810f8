import assert from 'node:assert/strict';
import { bringUp, startOn } from './bring-up.ts';
import { withClient } from './connection.ts';
import { syncCluster } from './create-cluster.ts';
import { adminUrl, DATABASE, type Endpoint, ownerUrl } from './endpoint.ts';
import { openLayout, readIdentity } from './layout.ts';
import { settleLeftover } from './leftover.ts';
import { type DirectoryLock, lockDirectory } from './lock.ts';
import { markComplete, prepareCluster } from './prepare.ts';
import { isPostmaster } from './process-table.ts';
import { openServerLog, type ServerLog } from './server-log.ts';
import { endServer, type ServerPlan } from './server-process.ts';
import { fileFault, serverFault, startFault } from './start-fault.ts';
import type { EmbeddedCluster, EmbeddedPostgres, EmbeddedPostgresOptions } from './types.ts';
import { watchServer } from './watch.ts';

/**
 * Starts the private PostgreSQL of a data directory, or takes over the one that a killed gateway left running. One
 * gateway at a time; `stop` ends the server and frees the directory. Design: docs/adr/0003-embedded-postgresql.md.
 *
 * @throws Fault `StartFailed`; `detail.problem` is stable (see {@link StartProblem}), the message says what to do
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const cluster = await startCluster(options);
  return { databaseUrl: cluster.databaseUrl, adopted: cluster.adopted, stop: () => cluster.stop() };
}

/** {@link startEmbeddedPostgres} for this folder: with the superuser's URL. */
export async function startCluster(options: EmbeddedPostgresOptions): Promise<EmbeddedCluster> {
  const { dataDir, logger, signal } = options;
  signal?.throwIfAborted();
  if (process.platform === 'win32') {
    const message = 'The embedded database runs on Linux and macOS. Set DATABASE_URL to a PostgreSQL 15 or later.';
    throw startFault('unsupported', message, { directory: dataDir });
  }
  const undo = new AsyncDisposableStack();
  try {
    return await start(options, undo);
  } catch (error) {
    await undo.disposeAsync().catch((err: unknown) => {
      logger.warn({ err }, 'cleaning up after the failed start failed as well');
    });
    // The abort's own reason passes as it is.
    if (signal?.aborted === true) throw error;
    throw fileFault(error, dataDir);
  }
}

async function start(options: EmbeddedPostgresOptions, undo: AsyncDisposableStack): Promise<EmbeddedCluster> {
  const { dataDir, logger, signal, transport = 'auto', port, settings = {} } = options;
  const layout = openLayout(dataDir);
  // Before the lock, so that no file of ours gets into a directory that is not ours.
  readIdentity(layout);
  const lock = await lockDirectory(layout.root);
  undo.defer(() => {
    lock.release();
  });
  const { plan, fresh } = await prepareCluster(layout, { logger, settings, signal });
  const log = openServerLog(layout.log, logger);
  undo.defer(() => {
    log.close();
  });
  const { pid, endpoint, adopted } = await bringUp(plan, { fresh, log, logger, transport, port, signal });
  const server = { pid };
  undo.defer(() => {
    endpoint.close();
  });
  undo.defer(() => endServer(server.pid, plan, logger));
  if (fresh) await complete(plan, endpoint, signal);
  logger.info({ pid, adopted, listen: endpoint.listen.transport }, 'the embedded database is ready');
  undo.defer(watch(server, { plan, endpoint, log, lock, options }));
  return handle({ plan, endpoint, adopted, server, undo: undo.move() });
}

/** Role, database and durability of a new cluster; only then is it ours for good. */
async function complete(plan: ServerPlan, endpoint: Endpoint, signal?: AbortSignal): Promise<void> {
  const { identity, layout } = plan;
  const url = adminUrl(endpoint, identity, 'template1');
  // The database that initdb made is renamed and not another one created: 100 ms and 7 MB less for the same.
  const setUp = withClient(url, (client) =>
    client.query(
      `CREATE ROLE ${DATABASE} LOGIN PASSWORD '${identity.password}';
       ALTER DATABASE postgres RENAME TO ${DATABASE};
       ALTER DATABASE ${DATABASE} OWNER TO ${DATABASE};`,
    ),
  );
  const done = await Promise.allSettled([setUp, syncCluster(layout, { ...plan, signal })]);
  for (const result of done) if (result.status === 'rejected') throw result.reason;
  signal?.throwIfAborted();
  markComplete(plan);
}

interface Watched {
  readonly plan: ServerPlan;
  readonly endpoint: Endpoint;
  readonly log: ServerLog;
  readonly lock: DirectoryLock;
  readonly options: EmbeddedPostgresOptions;
}

function watch(server: { pid: number }, { plan, endpoint, log, lock, options }: Watched): () => Promise<void> {
  const { logger } = options;
  return watchServer({
    logger,
    isAlive: () => isPostmaster(server.pid, plan.identity.clusterName),
    poll: () => {
      // The watch lives as long as the server, so it is what keeps the lock alive.
      assert(lock.held);
      log.poll();
    },
    restart: async (signal) => {
      await settleLeftover(plan, { logger, adopt: () => false, signal });
      const started = await startOn(endpoint, plan, { fresh: false, log, logger, signal });
      if (typeof started !== 'number') throw serverFault(started, plan.layout.root);
      server.pid = started;
    },
  });
}

interface Parts {
  readonly plan: ServerPlan;
  readonly endpoint: Endpoint;
  readonly adopted: boolean;
  readonly server: { readonly pid: number };
  readonly undo: AsyncDisposableStack;
}

function handle({ plan, endpoint, adopted, server, undo }: Parts): EmbeddedCluster {
  let stopping: Promise<void> | undefined;
  return {
    databaseUrl: ownerUrl(endpoint, plan.identity),
    adminUrl: adminUrl(endpoint, plan.identity, DATABASE),
    adopted,
    get pid(): number {
      return server.pid;
    },
    stop: () => (stopping ??= undo.disposeAsync()),
  };
}
