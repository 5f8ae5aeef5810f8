import { type RewrapReport, rewrapObjects } from '@sealgate/client';
import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import type { ControlClient } from '../control/control-client.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { isJsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';
import { createRestStore } from '../rewrap/rest-store.ts';
import { formatUri, parsePrefixUri } from '../s3-uri.ts';

export interface RewrapOptions {
  readonly tenant?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

interface Place {
  readonly bucket: string;
  readonly prefix: string;
}

type Counts = { readonly [Name in Exclude<keyof RewrapReport, 'problems'>]: number };
const NOTHING: Counts = { changed: 0, locked: 0, withoutKey: 0, overtaken: 0, refused: 0, damaged: 0 };

/** `sealgate rewrap s3://bucket[/prefix] | --tenant NAME` */
export async function rewrap(
  context: CommandContext,
  [where]: readonly [string | undefined],
  options: RewrapOptions,
): Promise<void> {
  const { terminal, signal, keyStore } = context;
  // Else the first pair would be made and registered here, where nothing is sealed and nothing can be opened.
  if ((await keyStore.list()).length === 0) {
    throw usageError('There is no key here that opens anything.', 'Bring yours: sealgate keys import FILE');
  }
  const control = await context.tenantControl();
  const tenant = (await context.tenantName()) ?? (await ownTenant(control));
  const keys = await context.keyring();
  const places = await placesOf(control, { where, tenant, named: options.tenant !== undefined });
  const store = createRestStore(control, tenant);
  const recipients = (await keys.recipients()).map(({ keyId }) => keyId);
  let total: Counts = NOTHING;
  for (const place of places) {
    const behind = await store.count({ ...place, sealedTo: recipients });
    const progress = terminal.progress(formatUri(place.bucket, place.prefix), String);
    const report = await rewrapObjects(
      { store, keys, tenant },
      { ...place, dryRun: options.dryRun, signal, onProgress: (done) => progress.update(done, behind) },
    ).finally(() => progress.end());
    for (const { key, versionId, problem } of report.problems) {
      terminal.note(`${printable(formatUri(place.bucket, key))} (version ${printable(versionId)}): ${problem}`);
    }
    if (report.changed > 0 && options.dryRun !== true) await renewManifests(control, tenant, place.bucket);
    total = sum(total, report);
  }
  const dryRun = options.dryRun === true;
  terminal.result({ json: { tenant, dryRun, recipients, ...total }, text: describe(total, dryRun) });
  const unfinished = unfinishedOf(total);
  if (unfinished !== undefined) throw unfinished;
}

/** Documents with the envelopes before leave the backends now, not in a minute. */
async function renewManifests(control: ControlClient, tenant: string, bucket: string): Promise<void> {
  await control.send('POST', '/proxy/recovery-manifests', { tenant, bucket });
}

/** An access key is for one tenant, so it says which. */
async function ownTenant(control: ControlClient): Promise<string> {
  const { grants } = await control.get('/admin/whoami');
  const own = (Array.isArray(grants) ? grants : []).filter(isJsonObject).find(({ role }) => role === 'tenant');
  const name: unknown = Array.isArray(own?.['tenants']) ? own['tenants'][0] : undefined;
  if (typeof name !== 'string') throw usageError('Name the tenant: --tenant or SEALGATE_TENANT.');
  return name;
}

async function placesOf(
  control: ControlClient,
  asked: { readonly where: string | undefined; readonly tenant: string; readonly named: boolean },
): Promise<readonly Place[]> {
  if (asked.where !== undefined) return [parsePrefixUri(asked.where)];
  if (!asked.named)
    throw usageError('Name what is to be rewrapped.', 'Write s3://bucket[/prefix], or --tenant NAME for all.');
  const places: Place[] = [];
  for await (const { bucket } of control.list('/proxy/buckets', { tenant: asked.tenant })) {
    if (typeof bucket === 'string') places.push({ bucket, prefix: '' });
  }
  return places;
}

function sum(total: Counts, report: Counts): Counts {
  const names = Object.keys(NOTHING) as readonly (keyof Counts)[];
  return Object.fromEntries(names.map((name) => [name, total[name] + report[name]])) as Counts;
}

function describe(total: Counts, dryRun: boolean): string {
  const rows: (readonly [string, number])[] = [
    [dryRun ? 'To be rewrapped' : 'Rewrapped', total.changed],
    ['Kept by object lock', total.locked],
    ['Sealed to keys that are not here', total.withoutKey],
    ['Changed by somebody else', total.overtaken],
    ['Refused by policy', total.refused],
    ['Damaged', total.damaged],
  ];
  const shown = rows.filter(([, count], at) => at === 0 || count > 0);
  return formatTable(shown.map(([label, count]) => [label, String(count)]));
}

/** What keeps the old key needed, the worst first; undefined when nothing does. */
function unfinishedOf(total: Counts): CliError | undefined {
  const failure = (message: string, exitCode: ExitCode, hint?: string): CliError =>
    new CliError(message, { exitCode, hint });
  if (total.damaged > 0) {
    return failure(
      `${total.damaged} envelopes are not what they say.`,
      exitCodes.integrity,
      'They were left as they are. Tell the operator.',
    );
  }
  if (total.refused > 0) {
    return failure(
      `${total.refused} envelopes are not such as the policy of the bucket takes.`,
      exitCodes.refused,
      'Choose other recipients: sealgate keys use <keys>',
    );
  }
  if (total.withoutKey > 0) {
    return failure(
      `${total.withoutKey} envelopes are sealed to keys that are not here.`,
      exitCodes.failed,
      'Import the old key: sealgate keys import FILE',
    );
  }
  if (total.overtaken > 0)
    return failure(`${total.overtaken} envelopes were changed meanwhile.`, exitCodes.failed, 'Run it again.');
  if (total.locked > 0) {
    return failure(
      `${total.locked} versions are under object lock and keep their envelopes.`,
      exitCodes.failed,
      'Keep the old key for as long as they are locked.',
    );
  }
  return undefined;
}
