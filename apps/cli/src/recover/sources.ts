import { readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { createFilesystemDriver } from '@sealgate/backends/filesystem';
import { createFirstVersionsDriver, createS3Driver, listS3Buckets } from '@sealgate/backends/s3';
import type { BackendDriver } from '@sealgate/core/ports';
import { parse as parseYaml } from 'yaml';
import { usageError } from '../cli-error.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { CALL_TIMEOUT_MS } from './limits.ts';

/** A backend that may hold something of ours. */
export interface Source {
  /** For people: a folder's name or an endpoint. */
  readonly name: string;
  readonly driver: BackendDriver;
  /** How long one call may take, milliseconds. */
  readonly timeoutMs: number;
  listBuckets(signal: AbortSignal): Promise<readonly string[]>;
}

const PHYSICAL = /^s3gw-[0-9a-f]{16}-/;

/**
 * The backends to recover from: a folder with one folder for each backend (or a data directory of a gateway), or a YAML or
 * JSON file with a list of them.
 * @throws CliError for what is neither
 * @param onCovered what was put first under each key is read, whatever lies over it, and this is told of the key
 */
export async function openSources(
  from: string,
  timeoutMs = CALL_TIMEOUT_MS,
  onCovered?: (source: string, key: string) => void,
): Promise<readonly Source[]> {
  const facts = await stat(from).catch(() => undefined);
  if (facts === undefined) throw usageError(`${from}: there is no such file or folder.`);
  const sources = facts.isDirectory() ? await foldersOf(from) : await listedIn(from, onCovered);
  if (sources.length === 0) throw usageError(`${from} holds no backends.`, 'See docs/spec/recovery.md for its form.');
  return sources.map((source) => ({ ...source, timeoutMs }));
}

type Untimed = Omit<Source, 'timeoutMs'>;

async function foldersOf(from: string): Promise<readonly Untimed[]> {
  const names = await subfolders(from);
  if (names.some((name) => PHYSICAL.test(name))) return [folderSource(from)];
  if (names.includes('backends')) return foldersOf(join(from, 'backends'));
  return names.map((name) => folderSource(join(from, name), name));
}

async function subfolders(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
}

function folderSource(folder: string, name = folder): Untimed {
  const root = resolve(folder);
  return {
    name,
    driver: createFilesystemDriver({ root }),
    async listBuckets() {
      return (await subfolders(root)).filter((bucket) => PHYSICAL.test(bucket));
    },
  };
}

type OnCovered = ((source: string, key: string) => void) | undefined;

async function listedIn(file: string, onCovered: OnCovered): Promise<readonly Untimed[]> {
  let value: unknown;
  try {
    value = parseYaml(await readFile(file, 'utf8'));
  } catch (cause) {
    throw usageError(`${file} is neither YAML nor JSON.`, cause instanceof Error ? cause.message : undefined);
  }
  const list = isJsonObject(value) ? value['backends'] : value;
  if (!Array.isArray(list)) throw usageError(`${file} holds no list of backends.`);
  return list.map((entry: unknown, index) => {
    const place = `backend ${index + 1} of ${file}`;
    if (!isJsonObject(entry)) throw usageError(`${place} is no mapping.`);
    return sourceOf(entry, { place, file, onCovered });
  });
}

const MEMBERS = ['name', 'folder', 'endpoint', 'region', 'accessKeyId', 'secretAccessKey', 'addressing', 'buckets'];

function sourceOf(
  entry: JsonObject,
  { place, file, onCovered }: { readonly place: string; readonly file: string; readonly onCovered: OnCovered },
): Untimed {
  const unknown = Object.keys(entry).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) throw usageError(`${place} has the unknown member "${unknown}".`);
  const text = (name: string): string | undefined => {
    const value = entry[name];
    if (value === undefined || typeof value === 'string') return value;
    throw usageError(`"${name}" of ${place} is no text.`);
  };
  const folder = text('folder');
  if (folder !== undefined) {
    return folderSource(isAbsolute(folder) ? folder : resolve(file, '..', folder), text('name') ?? folder);
  }
  const need = (name: string): string => {
    const value = text(name);
    if (value === undefined) throw usageError(`${place} has no "${name}".`);
    return value;
  };
  const target = {
    endpoint: need('endpoint'),
    region: text('region') ?? 'us-east-1',
    addressing: text('addressing') === 'virtual' ? ('virtual' as const) : ('path' as const),
    credentials: { accessKeyId: need('accessKeyId'), secretAccessKey: need('secretAccessKey') },
  };
  const { buckets } = entry;
  const named = Array.isArray(buckets) ? buckets.filter((name) => typeof name === 'string') : undefined;
  const name = text('name') ?? target.endpoint;
  return {
    name,
    driver:
      onCovered === undefined
        ? createS3Driver(target)
        : createFirstVersionsDriver(target, (key) => onCovered(name, key)),
    async listBuckets(signal) {
      // Keys that may not list buckets need their names.
      return (named ?? (await listS3Buckets(target, { signal }))).filter((bucket) => PHYSICAL.test(bucket));
    },
  };
}
