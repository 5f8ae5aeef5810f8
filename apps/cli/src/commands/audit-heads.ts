import { readFile } from 'node:fs/promises';
import {
  AuditIntegrityError,
  contradiction,
  createHeadCheck,
  createSegmentsVerifier,
  type VerifiedHead,
  verifyHead,
} from '@sealgate/core/audit';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { formatTable, printable } from '../output/format.ts';
import { formatUri } from '../s3-uri.ts';
import { readKeys } from './audit.ts';
import { linesOf, segmentFiles } from './audit-files.ts';

interface HeadsOptions {
  readonly key: string;
  readonly export?: readonly string[] | undefined;
}

/** `sealgate audit heads FILE...` */
export async function checkHeads(
  context: CommandContext,
  [files]: readonly [readonly string[]],
  options: HeadsOptions,
) {
  const verifiers = await readKeys(options.key);
  const heads: VerifiedHead[] = [];
  for (const file of files) heads.push(verifyHead(await readFile(file, 'utf8'), verifiers));
  for (const [at, head] of heads.entries()) {
    for (const other of heads.slice(at + 1)) {
      const found = contradiction(head, other);
      if (found !== null) throw new AuditIntegrityError(found);
    }
  }
  const paths = options.export ?? [];
  if (paths.length > 0) {
    const checks = heads.map(createHeadCheck);
    const checkpoints = heads.map(({ checkpoint }) => checkpoint);
    const log = createSegmentsVerifier({
      verifiers,
      checkpoints,
      onEntry: (entry, leaf) => {
        for (const check of checks) check.add(entry, leaf);
      },
    });
    for (const path of await segmentFiles(paths)) await log.segment(linesOf(path));
    if (log.finish().from !== 0)
      throw new CliError('The segments do not begin with the log: what was before them is not known.');
    if (checks.map((check) => check.finish()).includes('unknown')) {
      throw new CliError(
        'The log ends too early to tell: export it again, with what came some seconds after the last head.',
      );
    }
  }
  const rows = heads.map((head) => [
    printable(formatUri(head.bucket, head.key)),
    String(head.version),
    head.at,
    String(head.size),
  ]);
  const held =
    paths.length > 0
      ? 'They agree with the log.'
      : 'Whether the versions were the current ones the log tells (--export).';
  context.terminal.result({
    json: { verified: true, withLog: paths.length > 0, heads: heads.map(({ checkpoint: _, ...head }) => head) },
    text: `${formatTable([['OBJECT', 'VERSION', 'SERVED', 'LOG'], ...rows])}Verified, and none contradicts another. ${held}\n`,
  });
}
