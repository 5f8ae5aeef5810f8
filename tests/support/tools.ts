// Programs that some suites need. On Debian as root they are installed; elsewhere the suite is skipped by name.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PACKAGES = {
  aws: 'awscli',
  s3cmd: 's3cmd',
  rclone: 'rclone',
  restic: 'restic',
  s3fs: 's3fs',
  chromium: 'chromium',
  'redis-server': 'redis-server',
} as const;

export type Tool = keyof typeof PACKAGES;

/** True when `command` runs here. */
export function hasTool(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;
}

/** The title of a suite that needs a program: says what is missing when it is. */
export function titleWith(title: string, command: string): string {
  return hasTool(command) ? title : `${title} (skipped: the program "${command}" is missing)`;
}

const VENV = fileURLToPath(new URL('../../node_modules/.cache/interop-python', import.meta.url));
const REQUIREMENTS = fileURLToPath(new URL('../interop/requirements.txt', import.meta.url));

/** The Python that has the clients of tests/interop/requirements.txt; undefined where they could not be installed. */
export function interopPython(): string | undefined {
  const python = `${VENV}/bin/python3`;
  return existsSync(python) ? python : undefined;
}

/** As pip does it for its users, in a folder of its own. Half an installation is none. */
function installPythonClients(): void {
  if (interopPython() !== undefined || !hasTool('python3')) return;
  const quiet = { stdio: 'ignore', timeout: 300_000 } as const;
  const made = spawnSync('python3', ['-m', 'venv', VENV], quiet).status === 0;
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
  if (made && spawnSync(`${VENV}/bin/python3`, pip, quiet).status === 0) return;
  rmSync(VENV, { recursive: true, force: true });
}

/** Installs what is missing, when this machine allows it. Called once a run, before the suites. */
export default function setup(): void {
  installPythonClients();
  installPrograms();
}

function installPrograms(): void {
  const missing = (Object.keys(PACKAGES) as Tool[]).filter((tool) => !hasTool(tool));
  if (missing.length === 0 || !existsSync('/etc/debian_version') || process.getuid?.() !== 0) return;
  const packages = missing.map((tool) => PACKAGES[tool]);
  const apt = ['-o', 'DPkg::Lock::Timeout=300'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = () =>
    spawnSync('apt-get', [...apt, 'install', '-y', '--no-install-recommends', ...packages], {
      stdio: 'ignore',
      env,
      timeout: 600_000,
    });
  if (install().status === 0) return;
  spawnSync('apt-get', [...apt, 'update'], { stdio: 'ignore', env, timeout: 300_000 });
  install();
}
