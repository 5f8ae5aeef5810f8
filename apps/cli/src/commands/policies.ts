import { readFile } from 'node:fs/promises';
import { isFault } from '@sealgate/core/faults';
import { POLICY_BYTES_MAX } from '@sealgate/core/limits';
import { type CompiledPolicy, compilePolicy, survivable } from '@sealgate/core/policy';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { formatTable, printable } from '../output/format.ts';

/** `sealgate policy check FILE`: needs no gateway. */
export async function checkPolicy(context: CommandContext, [path]: readonly [string]) {
  const { policy } = await compileFile(path);
  const classes = [...policy.classes.values()].map((one) => ({
    name: one.name,
    width: one.width,
    ack: one.ack.text,
    ...survivable(one),
  }));
  const rows = classes.map((one) => [
    one.name === policy.defaultClass ? `${one.name} (default)` : one.name,
    String(one.width),
    one.ack,
    `${one.storageMultiplier}x`,
    `${one.lossesAtAck}`,
    `${one.lossesWhenComplete}`,
  ]);
  const head = ['CLASS', 'BACKENDS', 'ACKNOWLEDGED WHEN', 'STORAGE', 'SURVIVES AT ACK', 'WHEN COMPLETE'];
  context.terminal.result({
    json: { ok: true, name: policy.name, encryption: policy.encryption, defaultClass: policy.defaultClass, classes },
    text: `${path}: policy ${policy.name} is valid.\n\n${formatTable([head, ...rows])}`,
  });
}

/** `sealgate policy apply FILE` */
export async function applyPolicy(context: CommandContext, [path]: readonly [string]) {
  const { policy, document } = await compileFile(path);
  const control = await context.control();
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

async function compileFile(path: string): Promise<{ readonly policy: CompiledPolicy; readonly document: string }> {
  const document = await readFile(path, 'utf8');
  if (Buffer.byteLength(document) > POLICY_BYTES_MAX) throw new CliError(`${path} is too large for a policy.`);
  try {
    return { policy: compilePolicy(document, { version: 1 }), document };
  } catch (error) {
    throw isFault(error, 'PolicyInvalid') ? new CliError(`${path}: ${error.message}`, { cause: error }) : error;
  }
}
