import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanEnv, type GatewayProcess, sealgate } from './gateway.ts';
import { until } from './poll.ts';

const bin = fileURLToPath(new URL('../../apps/cli/bin/sealgate.mjs', import.meta.url));
/** More than any test makes it write: what it said at its start is there to the end. */
const LOG_CHARS_MAX = 16 * 1024 * 1024;

export interface AgentProcess {
  readonly child: ChildProcess;
  log(): string;
  /** SIGTERM and wait; resolves with the exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
  /** What its health and metrics answer. */
  ask(path: string): Promise<{ readonly status: number; readonly text: string }>;
}

/** Makes an agent at the gateway and gives its enrolment token. */
export async function createAgent(gateway: GatewayProcess, name: string, ...options: string[]): Promise<string> {
  const { code, stdout, stderr } = await sealgate(gateway, ['agent', 'create', name, '--json', ...options]);
  if (code !== 0) throw new Error(`agent create ${name}: ${stderr}`);
  return (JSON.parse(stdout) as { enrolmentToken: string }).enrolmentToken;
}

/** Starts `sealgate agent` in a folder of its own with the folders of these backends, and waits until it is at work. */
export async function startAgent(
  gateway: GatewayProcess,
  name: string,
  options: {
    readonly token?: string;
    readonly backends: Readonly<Record<string, string>>;
    readonly settings?: object;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<AgentProcess> {
  const dir = join(gateway.dataDir, `agent-${name}`);
  mkdirSync(dir, { recursive: true });
  const backends = Object.fromEntries(Object.entries(options.backends).map(([id, folder]) => [id, { folder }]));
  // JSON is YAML.
  writeFileSync(join(dir, 'agent.yaml'), JSON.stringify({ backends, leaseSeconds: 4, ...options.settings }));
  return await launchAgent(dir, {
    SEALGATE_CONTROL_URL: gateway.credentials.controlEndpoint,
    ...(options.token === undefined ? {} : { SEALGATE_AGENT_ENROLMENT_TOKEN: options.token }),
    ...options.env,
  });
}

/** Starts `sealgate agent` in this folder and waits until it is at work. */
export async function launchAgent(cwd: string, env: Readonly<Record<string, string>>): Promise<AgentProcess> {
  const child = spawn(process.execPath, [bin, 'agent'], {
    cwd,
    env: { ...cleanEnv(), SEALGATE_LOG_LEVEL: 'debug', SEALGATE_AGENT_METRICS_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const keep = (chunk: Buffer): void => {
    log = (log + chunk.toString()).slice(-LOG_CHARS_MAX);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  try {
    await until(
      () => Promise.resolve(child.exitCode),
      (code) => {
        if (code !== null) throw new Error(`the agent ended:\n${log}`);
        return log.includes('agent at work');
      },
      { what: 'the agent at work' },
    );
  } catch (error) {
    // Nobody else would end it, and it would work through the next tests.
    child.kill('SIGKILL');
    throw error;
  }
  const port = /"port":(\d+),"msg":"health and metrics"/.exec(log)?.[1];
  return {
    child,
    log: () => log,
    async stop() {
      child.kill('SIGTERM');
      return (await exited)[0];
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async ask(path) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: answer.status, text: await answer.text() };
    },
  };
}
