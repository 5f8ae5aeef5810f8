import { readFile, writeFile } from 'node:fs/promises';
import {
  type AuditEntry,
  AuditIntegrityError,
  canonicalJson,
  createSegmentsVerifier,
  type NoteVerifier,
} from '@sealgate/core/audit';
import {
  createErasureCheck,
  createPlacementHistory,
  type Evidence,
  evidenceFile,
  type SignedEvidence,
  verifyErasure,
  verifyEvidence,
} from '@sealgate/core/evidence';
import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { evidenceHtml } from '../output/evidence-html.ts';
import { formatTable, printable } from '../output/format.ts';
import { formatUri, parsePrefixUri } from '../s3-uri.ts';
import { readSources, s3Connection } from '../settings/connection.ts';
import { readKeys, timeText } from './audit.ts';
import { linesOf, segmentFiles } from './audit-files.ts';

interface IssueOptions {
  readonly at?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly out?: string | undefined;
  readonly html?: string | undefined;
}

/** `sealgate evidence s3://bucket[/key]` */
export async function issueEvidence(context: CommandContext, [where]: readonly [string], options: IssueOptions) {
  const { bucket, prefix } = parsePrefixUri(where);
  const { tenant } = s3Connection(await readSources(context.environment, context.options));
  if (tenant === undefined) throw usageError('Say whose bucket is meant with --tenant (or SEALGATE_TENANT).');
  const control = await context.control();
  const answer = await control.get('/admin/evidence', {
    tenant,
    bucket,
    key: prefix === '' ? undefined : prefix,
    at: timeText(options.at, '--at'),
    from: timeText(options.from, '--from'),
    to: timeText(options.to, '--to'),
  });
  const document = answer as unknown as SignedEvidence;
  const text = evidenceFile(document);
  if (options.out !== undefined) await writeFile(options.out, text);
  if (options.html !== undefined) await writeFile(options.html, evidenceHtml(document, text));
  context.terminal.result({ json: answer, text: describe(document.evidence) });
}

interface VerifyOptions {
  readonly key: string;
  readonly export?: readonly string[] | undefined;
  readonly html?: string | undefined;
}

/** `sealgate evidence verify FILE` */
export async function verifyEvidenceFile(context: CommandContext, [file]: readonly [string], options: VerifyOptions) {
  const verifiers = await readKeys(options.key);
  const text = await readFile(file, 'utf8');
  if (isErasure(text)) {
    if (options.html !== undefined) throw usageError('There is no page of a report of erasure.');
    await verifyErasureText(context, text, { verifiers, paths: options.export ?? [] });
    return;
  }
  const evidence = verifyEvidence(text, verifiers);
  const paths = options.export ?? [];
  if (paths.length > 0) {
    const history = createPlacementHistory(evidence.subject);
    await readWholeLog(paths, { verifiers, checkpoint: evidence.checkpoint }, (entry, leaf) => {
      if (leaf < evidence.size) history.add(entry);
    });
    if (canonicalJson(history.report(evidence.from, evidence.to)) !== canonicalJson(evidence.report)) {
      throw new AuditIntegrityError(
        'The log has entries that the evidence kept back: its report is not what follows from the log.',
      );
    }
  }
  if (options.html !== undefined) await writeFile(options.html, evidenceHtml(JSON.parse(text) as SignedEvidence, text));
  const checked =
    paths.length > 0
      ? 'and nothing in the log was kept back'
      : 'entries that were kept back are found with --export only';
  const { entries, ...rest } = evidence;
  const json = { verified: true, complete: paths.length > 0, entries: entries.length, ...rest };
  context.terminal.result({
    json,
    text: `${describe(evidence)}Verified: ${entries.length} entries of the log; ${checked}.\n`,
  });
}

type LogFacts = { readonly verifiers: readonly NoteVerifier[]; readonly checkpoint: string };

async function readWholeLog(
  paths: readonly string[],
  { verifiers, checkpoint }: LogFacts,
  onEntry: (entry: AuditEntry, leaf: number) => void,
): Promise<void> {
  const log = createSegmentsVerifier({ verifiers, checkpoints: [checkpoint], onEntry });
  for (const path of await segmentFiles(paths)) await log.segment(linesOf(path));
  if (log.finish().from !== 0)
    throw new CliError('The segments do not begin with the log: what was before them is not known.');
}

/** Which of the two it says it is; whether it is, its verification tells. */
function isErasure(text: string): boolean {
  return text.startsWith('{"erasure":');
}

async function verifyErasureText(
  context: CommandContext,
  text: string,
  { verifiers, paths }: { readonly verifiers: readonly NoteVerifier[]; readonly paths: readonly string[] },
): Promise<void> {
  const erasure = verifyErasure(text, verifiers);
  const { report, entries } = erasure;
  if (paths.length > 0) {
    const check = createErasureCheck(erasure);
    await readWholeLog(paths, { verifiers, checkpoint: erasure.checkpoint }, (entry, leaf) => check.add(entry, leaf));
    check.finish();
  }
  const rows = report.backends.map((one) => [
    printable(one.backend),
    one.outcome,
    String(one.copies),
    String(one.bytes),
    one.lastConfirmedAt ?? '-',
    String(one.unconfirmedCopies),
    one.reason === null ? '-' : printable(one.reason),
  ]);
  const head = ['BACKEND', 'OUTCOME', 'COPIES GONE', 'BYTES', 'LAST CONFIRMED', 'UNCONFIRMED', 'WHY'];
  const facts = formatTable([
    ['Tenant', printable(report.tenant.name)],
    ['State', report.state],
    ['Begun', report.begunAt],
    ['Removed', report.removedAt],
    ['Done', report.doneAt ?? '-'],
    ['Found', `${report.found.versions} versions, ${report.found.bytes} bytes, ${report.found.buckets.length} buckets`],
  ]);
  const whole =
    paths.length > 0
      ? 'and by the whole log no other copy is left'
      : 'that no other copy is left, the whole log shows (--export)';
  context.terminal.result({
    json: { verified: true, complete: paths.length > 0, entries: entries.length, report },
    text: `${facts}\n${formatTable([head, ...rows])}\nVerified: the log vouches for this report; ${whole}.\n`,
  });
}

function describe({ subject, from, to, report }: Evidence): string {
  const { summary } = report;
  const list = (values: readonly string[]): string => (values.length === 0 ? '-' : printable(values.join(', ')));
  const facts = formatTable([
    ['Of', printable(formatUri(report.bucket.name, subject.key ?? ''))],
    ['Time', from === to ? from : `${from} to ${to}`],
    ['Versions', String(report.versions.length)],
    ['Backends', list(summary.backends)],
    ['Countries', list(summary.countries)],
    ['Jurisdictions', list(summary.jurisdictions)],
    ['Operators', list(summary.operatorJurisdictions)],
  ]);
  const rows = report.copies.map((copy) => [
    printable(copy.key),
    copy.blob,
    String(copy.shard),
    printable(copy.backend),
    printable(copy.state),
    copy.from,
    copy.to ?? 'still',
    printable(copy.places.map(({ facts: place }) => `${place.country} (${place.jurisdiction})`).join(', ')),
  ]);
  const head = ['KEY', 'BLOB', 'SHARD', 'BACKEND', 'STATE', 'FROM', 'TO', 'PLACE'];
  return `${facts}${rows.length === 0 ? '' : `\n${formatTable([head, ...rows])}`}\n`;
}
