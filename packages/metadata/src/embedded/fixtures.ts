import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { EmbeddedLogger } from './types.ts';

/** Helpers of this folder's tests. */

export interface SavedLine {
  readonly level: keyof EmbeddedLogger;
  readonly message: string;
}

export function savingLogger(): EmbeddedLogger & { readonly lines: SavedLine[] } {
  const lines: SavedLine[] = [];
  const save =
    (level: keyof EmbeddedLogger) =>
    (_detail: object, message: string): void => {
      lines.push({ level, message });
    };
  return { lines, debug: save('debug'), info: save('info'), warn: save('warn'), error: save('error') };
}

export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'sealgate-embedded-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface OtherGateway {
  readonly pid: number;
  readonly serverPid: number;
  readonly adopted: boolean;
  /** As a crash would. */
  kill(): Promise<void>;
  /** As Ctrl-C in its terminal would. */
  interruptGroup(): Promise<void>;
}

const script = `
  const [start, dataDir, settings] = process.argv.slice(1);
  const { startCluster } = await import(start);
  const say = () => {};
  const logger = { debug: say, info: say, warn: say, error: say };
  const cluster = await startCluster({ dataDir, logger, settings: JSON.parse(settings) });
  console.log(JSON.stringify({ serverPid: cluster.pid, adopted: cluster.adopted }));
  setInterval(() => {}, 60_000);
`;

/** Another process that starts the server of `dataDir` and holds it. */
export async function startOtherGateway(
  dataDir: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<OtherGateway> {
  const start = new URL('./start.ts', import.meta.url).href;
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', script, '--', start, dataDir, JSON.stringify(settings)],
    // A process group of its own, so that a test can signal all of it.
    { stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  );
  const line = await firstLine(child);
  const end = async (send: () => void): Promise<void> => {
    const ended = once(child, 'exit');
    send();
    await ended;
  };
  const pid = child.pid ?? 0;
  const { serverPid, adopted } = JSON.parse(line) as { serverPid: number; adopted: boolean };
  return {
    pid,
    serverPid,
    adopted,
    kill: () => end(() => process.kill(pid, 'SIGKILL')),
    interruptGroup: () => end(() => process.kill(-pid, 'SIGINT')),
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no output to read');
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error('the other gateway ended before it was ready');
}
