/** Every bound of the embedded PostgreSQL: how long each step may take, how much it may write, how often it is retried. */

const MIB = 1024 * 1024;

/** initdb takes under a second on a laptop; a slow network volume needs more, a hung one must not hang the start. */
export const INIT_WAIT_MS = 180_000;
/** `postgres --version`, `sync`: a program that only has to be loaded. */
export const PROBE_WAIT_MS = 20_000;
/** From launch to the first accepted connection. Crash recovery replays at most `max_wal_size` of log, which even a slow disk does in minutes. */
export const READY_WAIT_MS = 15 * 60_000;
/** A server that was launched opens its socket within milliseconds, and from then on says that it is recovering. */
export const SILENT_WAIT_MS = 60_000;
/** Pauses between two questions; the usual start takes 50 ms, so the first ones are short. */
export const READY_POLL_MS = 5;
export const READY_POLL_MAX_MS = 100;
/** While a recovery lasts, a line for the operator this often. */
export const PROGRESS_EVERY_MS = 5_000;
/** One connection attempt. A server that is alive answers or refuses at once. */
export const CONNECT_WAIT_MS = 5_000;
/** A running server that was taken over must accept a connection within this time, unless it says that it is recovering. */
export const ADOPT_WAIT_MS = 10_000;

/** Fast shutdown writes a checkpoint: bounded by shared_buffers and the disk. */
export const STOP_FAST_MS = 20_000;
/** Immediate shutdown writes nothing. */
export const STOP_IMMEDIATE_MS = 5_000;
export const STOP_KILL_MS = 5_000;
export const STOP_POLL_MS = 10;
/** Children of a server that was killed notice by themselves; those that compute are ended after this time. */
export const LEFTOVER_WAIT_MS = 5_000;

/** A server that was killed may still be letting go of its memory when nothing else is seen of it. */
export const MEMORY_TRIES_MAX = 50;
export const MEMORY_RETRY_MS = 100;

/** How often the server's life and log are looked at. */
export const WATCH_EVERY_MS = 500;
/** A server that dies this often within the window is not restarted any more. */
export const RESTARTS_MAX = 5;
export const RESTART_WINDOW_MS = 10 * 60_000;
export const RESTART_BACKOFF_MS = 500;

/** The server's log is emptied past this size, so that it can never fill the disk. */
export const LOG_BYTES_MAX = 8 * MIB;
/** Read at most this much of the log in one look; what is older is skipped. */
export const LOG_READ_BYTES_MAX = 256 * 1024;
/** Lines of the server that an error message quotes in its cause. */
export const LOG_TAIL_LINES = 12;

/** A fresh cluster has 40 MB, its first log segments 32 MB more; below this a start would only fail later and worse. */
export const FREE_BYTES_MIN = 128 * MIB;

/** `sun_path` of Linux without its terminating zero; macOS and the BSDs have four bytes fewer. */
export const SOCKET_PATH_BYTES_MAX_LINUX = 107;
export const SOCKET_PATH_BYTES_MAX_BSD = 103;

/** Tries to name the owner of a directory that is in use: the owner writes its name just after it got the lock. */
export const OWNER_READS_MAX = 10;
export const OWNER_READ_EVERY_MS = 30;
/** A free port found by asking the system may be taken before the server binds it. */
export const PORT_TRIES_MAX = 5;
