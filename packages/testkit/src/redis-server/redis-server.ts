import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endWithUs, freePort } from '../server-process.ts';

/** A real Redis of a test's own, in a folder of its own, on a free port of the loopback. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** SIGKILL: nothing is saved. */
  kill(): Promise<void>;
  /** On the same port, with nothing it knew before. */
  start(): Promise<void>;
  /** It keeps its connections and answers nothing until `resume`. */
  pause(): void;
  resume(): void;
  /** One command over a connection of its own, as `redis-cli` would send it; the raw answer. */
  command(...words: readonly string[]): Promise<string>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export const hasRedis = (): boolean => spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;

const START_MS = 20_000;
const ATTEMPTS = 5;

/**
 * @param settings words of redis.conf, name and value in turn
 * @param lines makes a sentinel, with these lines in its configuration
 */
export async function startRedisServer(
  settings: readonly string[] = [],
  lines?: readonly string[],
): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'sealgate-redis-'));
  const place = ['--bind', '127.0.0.1', '--dir', dir];
  const sentinel = join(dir, 'sentinel.conf');
  if (lines !== undefined) writeFileSync(sentinel, `${lines.join('\n')}\n`);
  const args =
    lines === undefined
      ? [...place, '--save', '', '--appendonly', 'no', ...settings]
      : [sentinel, '--sentinel', ...place, ...settings];
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return serverAt(port, dir, await launch(port, dir, args), args);
    } catch (error) {
      // Somebody else was quicker with the port.
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

function serverAt(port: number, dir: string, first: ChildProcess, args: readonly string[]): RedisServer {
  let child = first;
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    async start() {
      child = await launch(port, dir, args);
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    command: (...words) => commandAt(port, words),
    async stop() {
      await kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function launch(port: number, dir: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn('redis-server', [...args, '--port', String(port)], { stdio: 'ignore' });
  endWithUs(child.pid ?? 0, dir);
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const answer = await commandAt(port, ['INFO', 'server']).catch(() => '');
    // Another server on this port would answer too.
    if (answer.includes(`process_id:${child.pid ?? 0}\r\n`) || answer.startsWith('-NOAUTH')) return child;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.kill('SIGKILL');
  throw new Error(`redis-server did not start on port ${port}`);
}

function commandAt(port: number, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setTimeout(2_000, () => socket.destroy(new Error('no answer')));
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.end(`${encode(words)}${encode(['QUIT'])}`);
  });
}

const encode = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
