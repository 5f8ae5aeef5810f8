/**
 * How the server is set up. All of it is given on the command line: it stays with this code when the code changes, and
 * root need not write into a directory that belongs to the server's user. What is not named here an operator may still
 * set in the cluster's postgresql.conf or with ALTER SYSTEM.
 */
export const serverSettings: Readonly<Record<string, string>> = {
  // Durability is the promise: an acknowledged write has been through fsync. The defaults, pinned.
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // Small: metadata of one machine, sharing its memory with the gateway. The page cache does the rest.
  shared_buffers: '128MB',
  effective_cache_size: '512MB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  max_connections: '100',
  // Kubernetes nodes with huge pages but no limit for them kill a server that tries.
  huge_pages: 'off',
  // Parallel queries need /dev/shm, which has 64 MB in a container, and short index look-ups gain nothing from them.
  max_parallel_workers_per_gather: '0',
  max_worker_processes: '4',
  max_logical_replication_workers: '0',
  // Bounds both the disk that the log takes and the time of a crash recovery.
  max_wal_size: '512MB',
  min_wal_size: '64MB',
  wal_compression: 'on',
  random_page_cost: '1.1',
  jit: 'off',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  // A line a checkpoint would be most of the log. Statements are never logged: they hold names of tenants' objects.
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
  log_checkpoints: 'off',
  log_statement: 'none',
  log_min_error_statement: 'panic',
  log_parameter_max_length_on_error: '0',
  log_startup_progress_interval: '5s',
};

/** Arguments of `postgres`: `-c name=value` for each setting, the later group winning. */
export function settingArguments(...groups: readonly Readonly<Record<string, string>>[]): readonly string[] {
  const merged: Record<string, string> = Object.assign({}, ...groups) as Record<string, string>;
  return Object.entries(merged).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
