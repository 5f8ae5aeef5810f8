import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { survivable } from '@sealgate/core/policy';
import { parsePolicyTests, runPolicyTests } from '@sealgate/core/policy-tools';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { describeFailure } from '../failure.ts';
import { formatTable, printable } from '../output/format.ts';
import { named, readPolicy } from './policy-files.ts';
import { readCatalogue } from './policy-plan.ts';
import { describeDiff, diffOf } from './policy-tools.ts';

/** `sealgate policy check FILE...`: needs no gateway. One file that is wrong keeps no other from being checked. */
export async function checkPolicies(context: CommandContext, [paths]: readonly [readonly string[]]) {
  const checked: object[] = [];
  const problems: string[] = [];
  for (const path of paths) {
    const read = await readPolicy(path).catch((error: unknown) => describeFailure(error).message);
    if (typeof read === 'string') {
      const problem = read.startsWith(`${path}: `) ? read : `${path}: ${read}`;
      problems.push(problem);
      checked.push({ ok: false, file: path, problem });
      if (context.options.json !== true && paths.length > 1)
        context.terminal.result({ json: undefined, text: `${printable(problem)}\n` });
      continue;
    }
    const { policy } = read;
    const classes = [...policy.classes.values()].map((one) => ({
      name: one.name,
      width: one.width,
      ack: one.ack.text,
      ...survivable(one),
    }));
    const { name, encryption, defaultClass } = policy;
    checked.push({ ok: true, file: path, name, encryption, defaultClass, classes });
    if (context.options.json === true) continue;
    const rows = classes.map((one) => [
      one.name === policy.defaultClass ? `${one.name} (default)` : one.name,
      String(one.width),
      one.ack,
      `${one.storageMultiplier}x`,
      `${one.lossesAtAck}`,
      `${one.lossesWhenComplete}`,
    ]);
    const head = ['CLASS', 'BACKENDS', 'ACKNOWLEDGED WHEN', 'STORAGE', 'SURVIVES AT ACK', 'WHEN COMPLETE'];
    const text = `${path}: policy ${policy.name} is valid.\n\n${formatTable([head, ...rows])}`;
    context.terminal.result({ json: undefined, text });
  }
  if (context.options.json === true)
    context.terminal.result({ json: checked.length === 1 ? checked[0] : checked, text: '' });
  if (problems.length === 0) return;
  const [only = ''] = problems;
  throw new CliError(paths.length === 1 ? only : `${problems.length} of ${paths.length} policies are not valid.`);
}

/** `sealgate policy test FILE...`: needs no gateway. */
export async function testPolicies(
  context: CommandContext,
  [paths]: readonly [readonly string[]],
  options: { readonly catalogue?: string | undefined },
) {
  const catalogue = await readCatalogue(options.catalogue);
  let failed = 0;
  for (const path of paths) {
    const file = await named(path, async () => parsePolicyTests(await readFile(path, 'utf8')));
    const layers = await Promise.all(
      file.policies.map(async (name) => (await readPolicy(join(dirname(path), name))).policy),
    );
    for (const { name, failures } of await named(path, () => runPolicyTests(file, layers, catalogue))) {
      const passed = failures.length === 0;
      failed += passed ? 0 : 1;
      const text = `${passed ? 'passed' : 'FAILED'}  ${path}: ${printable(name)}${failures.map((each) => `\n          ${printable(each)}`).join('')}`;
      context.terminal.item({ json: { file: path, name, passed, failures }, text });
    }
  }
  if (failed > 0) throw new CliError(`${failed} ${failed === 1 ? 'test' : 'tests'} failed.`);
}

/** `sealgate policy apply FILE [--dry-run]` */
export async function applyPolicy(
  context: CommandContext,
  [path]: readonly [string],
  { dryRun, tenant }: { readonly dryRun?: boolean | undefined; readonly tenant?: string | undefined },
) {
  const { policy, document } = await readPolicy(path);
  const control = await context.control();
  if (dryRun === true) {
    const diff = await diffOf(control, path, { tenant });
    context.terminal.result({ json: diff, text: `${describeDiff(diff)}\nNothing was applied.\n` });
    return;
  }
  const applied = await control.send('PUT', controlPath`/admin/policies/${policy.name}`, { document });
  const { name, version } = applied;
  context.terminal.result({ json: { name, version }, text: `applied ${policy.name}, version ${String(version)}\n` });
}

/** `sealgate policy list` */
export async function listPolicies(context: CommandContext) {
  const { terminal } = context;
  const control = await context.control();
  const rows: string[][] = [];
  for await (const policy of control.list('/admin/policies')) {
    const { name, version, createdAt } = policy;
    if (context.options.json === true) terminal.item({ json: policy, text: '' });
    else rows.push([name, version, createdAt].map((value) => printable(String(value))));
  }
  if (context.options.json !== true)
    terminal.result({ json: [], text: formatTable([['POLICY', 'VERSION', 'APPLIED'], ...rows]) });
}
