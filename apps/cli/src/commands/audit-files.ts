import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AuditIntegrityError,
  canonicalJson,
  createSegmentsVerifier,
  parseEntryLine,
  requestsDigest,
  requestsLine,
  SEGMENT_FORMAT,
  type VerifiedRange,
} from '@sealgate/core/audit';
import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { type ControlClient, controlPath } from '../control/control-client.ts';
import { isJsonObject } from '../files/json.ts';
import { printable } from '../output/format.ts';
import { readKeys, timeText } from './audit.ts';
import { describeKept, type KeptArchives, verifyArchives } from './audit-archives.ts';

/** Entries of one file: about 30 MB. */
const SEGMENT_ENTRIES = 100_000;
const PAGE = 1000;
/** The longest is that of a record of requests. */
const LINE_CHARACTERS_MAX = 16 * 1024 * 1024;

interface ExportOptions {
  readonly out: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly first?: number | undefined;
  readonly segment?: number | undefined;
}

/** `sealgate audit export` */
export async function exportAudit(context: CommandContext, _args: readonly [], options: ExportOptions) {
  const control = await context.control();
  await mkdir(options.out, { recursive: true });
  if ((await readdir(options.out)).length > 0) throw usageError(`The folder ${options.out} is not empty.`);
  const [begin, end] = await rangeOf(control, options);
  const size = Math.max(1, options.segment ?? SEGMENT_ENTRIES);
  const files: string[] = [];
  for (let from = begin; from < end; from += size) {
    const to = Math.min(from + size, end);
    const name = `segment-${String(from).padStart(12, '0')}-${String(to).padStart(12, '0')}.jsonl`;
    await writeSegment(context, control, { from, to, path: join(options.out, name) });
    files.push(name);
  }
  const text = `${end - begin} entries in ${files.length} files in ${printable(options.out)}\n`;
  context.terminal.result({ json: { from: begin, to: end, files, folder: options.out }, text });
}

async function rangeOf(control: ControlClient, options: ExportOptions): Promise<readonly [number, number]> {
  const range = await control.get('/admin/audit/range', {
    from: timeText(options.from, '--from'),
    to: timeText(options.to, '--to'),
  });
  const [begin, end] = [Math.max(Number(range['first']), options.first ?? 0), Number(range['end'])];
  if (!(begin < end)) throw new CliError('The log has no entries of that time.');
  return [begin, end];
}

interface Segment {
  readonly from: number;
  readonly to: number;
  readonly path: string;
}

async function writeSegment(
  context: CommandContext,
  control: ControlClient,
  { from, to, path }: Segment,
): Promise<void> {
  const file = await open(`${path}.part`, 'wx', 0o600);
  try {
    for await (const line of readSegment(context, control, { from, to })) await file.write(`${line}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
}

/** The lines of a segment, as the gateway gives them: nothing is checked here. */
async function* readSegment(
  { signal }: CommandContext,
  control: ControlClient,
  { from, to }: Pick<Segment, 'from' | 'to'>,
): AsyncGenerator<string, void> {
  const [head, peaks] = await Promise.all([
    control.send('POST', '/admin/audit/checkpoints', { size: to }),
    control.get('/admin/audit/peaks', { size: String(from) }),
  ]);
  yield canonicalJson({
    format: SEGMENT_FORMAT,
    from,
    entries: to - from,
    before: peaks['hashes'],
    checkpoint: head['note'],
  });
  const digests: string[] = [];
  for (let at = from; at < to; ) {
    signal.throwIfAborted();
    const limit = Math.min(PAGE, to - at);
    const answer = await control.get('/admin/audit/entries', { first: String(at), limit: String(limit) });
    const items = Array.isArray(answer['items']) ? answer['items'].filter(isJsonObject) : [];
    if (items.length === 0) throw new AuditIntegrityError(`The gateway has no entry ${at}.`);
    for (const { line } of items) {
      yield String(line);
      digests.push(...digestOf(String(line)));
    }
    at += items.length;
  }
  for (const digest of digests) {
    const { lines } = await control.get(controlPath`/admin/audit/requests/${digest}`);
    yield requestsLine(typeof lines === 'string' ? lines : null);
  }
}

function digestOf(line: string): string[] {
  try {
    const digest = requestsDigest(parseEntryLine(line));
    return digest === undefined ? [] : [digest];
  } catch {
    // Whoever verifies the line says what is wrong with it.
    return [];
  }
}

interface VerifyFilesOptions {
  readonly key: string;
  readonly checkpoint?: readonly string[] | undefined;
  readonly live?: boolean | undefined;
  readonly archive?: string | undefined;
  readonly archiveKey?: string | undefined;
  readonly locked?: number | undefined;
}

/** `sealgate audit verify` */
export async function verifyAudit(
  context: CommandContext,
  [paths]: readonly [readonly string[]],
  { key, checkpoint = [], live = false, archive, archiveKey, locked = 0 }: VerifyFilesOptions,
) {
  const checkpoints = await Promise.all(checkpoint.map((file) => readFile(file, 'utf8')));
  const verifiers = await readKeys(key);
  if ([live, paths.length > 0, archive !== undefined].filter(Boolean).length !== 1) {
    throw usageError('Name files or folders to verify, or --live, or --archive.');
  }
  if (archive !== undefined) {
    if (archiveKey === undefined) throw usageError('--archive takes --archive-key.');
    const request = { from: archive, keyFile: archiveKey, verifiers, checkpoints, lockedMin: locked };
    const { range, archives } = await verifyArchives(context, request);
    report(context, range, archives);
    return;
  }
  const verifier = createSegmentsVerifier({ verifiers, checkpoints });
  if (live) {
    const control = await context.control();
    const { end } = await control.get('/admin/audit/range');
    await verifier.segment(readSegment(context, control, { from: 0, to: Number(end) }));
  } else {
    for (const file of await segmentFiles(paths)) {
      await verifier.segment(linesOf(file));
      context.terminal.note(`${printable(file)} is whole`);
    }
  }
  report(context, verifier.finish());
}

function report(context: CommandContext, range: VerifiedRange, archives?: KeptArchives): void {
  const { origin, from, to, requests, requestsRemoved } = range;
  const removed = requestsRemoved === 0 ? '' : `; ${requestsRemoved} more were removed, as the log says`;
  const text = `Verified: entries ${from} to ${to} of ${printable(origin)}, ${requests} records of requests${removed}.\n`;
  const kept = archives === undefined ? '' : describeKept(archives);
  context.terminal.result({
    json: { verified: true, ...range, ...(archives === undefined ? {} : { archives: { ...archives } }) },
    text: text + kept,
  });
}

/** All files of folders, in the order of their names: one that is no segment is not passed over. */
export async function segmentFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    if ((await stat(path)).isDirectory()) files.push(...(await readdir(path)).sort().map((name) => join(path, name)));
    else files.push(path);
  }
  return files;
}

/** The lines of a file by their line ends alone. A last one without an end is a cut file: it counts as one too many. */
export async function* linesOf(path: string): AsyncGenerator<string, void> {
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'utf8' }) as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_CHARACTERS_MAX) throw new AuditIntegrityError(`${path} has a line that is too long.`);
    yield* lines;
  }
  if (rest !== '') throw new AuditIntegrityError(`${path} is cut.`);
}
