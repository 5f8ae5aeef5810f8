import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';

interface CreateAgentOptions {
  readonly backends?: readonly string[] | undefined;
  readonly kinds?: readonly string[] | undefined;
  readonly minutes?: number | undefined;
}

/** `sealgate agent create NAME` */
export async function createAgent(context: CommandContext, [id]: readonly [string], options: CreateAgentOptions) {
  const { backends, kinds, minutes } = options;
  const control = await context.control();
  const answer = await control.send('POST', '/admin/agents', {
    id,
    ...(backends === undefined ? {} : { backends }),
    ...(kinds === undefined ? {} : { kinds }),
    ...(minutes === undefined ? {} : { minutes }),
  });
  const rows = [
    ['Agent', printable(id)],
    ['Enrolment token', text(answer['enrolmentToken'])],
    ['Good until', text(answer['expiresAt'])],
  ];
  const note = 'Give it to the agent as SEALGATE_AGENT_ENROLMENT_TOKEN. It is good once, and not shown again.\n';
  context.terminal.result({ json: answer, text: formatTable(rows) + note });
}

/** `sealgate agent list` */
export async function listAgents(context: CommandContext) {
  const { terminal, options } = context;
  const control = await context.control();
  const rows: string[][] = [['AGENT', 'STATE', 'LIFE', 'LAST SEEN', 'HOLDS', 'FINGERPRINT']];
  for await (const agent of control.list('/admin/agents')) {
    if (options.json === true) terminal.item({ json: agent, text: '' });
    else rows.push([...factsOf(agent), text(agent['fingerprint'])]);
  }
  if (options.json !== true) terminal.result({ json: [], text: formatTable(rows) });
}

/** `sealgate agent show NAME` */
export async function showAgent(context: CommandContext, [id]: readonly [string]) {
  const control = await context.control();
  show(context, await control.get(controlPath`/admin/agents/${id}`));
}

/** `sealgate agent disable NAME` */
export async function disableAgent(context: CommandContext, [id]: readonly [string]) {
  const control = await context.control();
  show(context, await control.send('PATCH', controlPath`/admin/agents/${id}`, { state: 'disabled' }));
}

/** `sealgate agent enable NAME` */
export async function enableAgent(context: CommandContext, [id]: readonly [string]) {
  const control = await context.control();
  show(context, await control.send('PATCH', controlPath`/admin/agents/${id}`, { state: 'active' }));
}

/** `sealgate agent remove NAME` */
export async function removeAgent(context: CommandContext, [id]: readonly [string]) {
  const control = await context.control();
  await control.delete(controlPath`/admin/agents/${id}`);
  context.terminal.result({ json: { id, removed: true }, text: `removed agent ${printable(id)}\n` });
}

function show({ terminal }: CommandContext, agent: JsonObject): void {
  const [name = '', state = '', life = '', seen = '', holds = ''] = factsOf(agent);
  const rows = [
    ['Agent', name],
    ['State', state],
    ['Life', life],
    ['Last seen', seen],
    ['Fingerprint', text(agent['fingerprint'])],
    ['Work', listText(agent['kinds'])],
    ['Granted', agent['backends'] === null ? 'all that it has' : listText(agent['backends'])],
    ['Holds', holds],
  ];
  terminal.result({ json: agent, text: formatTable(rows) });
}

function factsOf(agent: JsonObject): string[] {
  const holds = Array.isArray(agent['holds']) ? agent['holds'].filter(isJsonObject) : [];
  const shown = holds.map(({ backend, ok }) => `${text(backend)}${ok === true ? '' : ' (away)'}`);
  return [
    text(agent['id']),
    text(agent['state']),
    String(agent['epoch']),
    text(agent['lastSeenAt']),
    shown.join(',') || '-',
  ];
}

function listText(value: unknown): string {
  return Array.isArray(value) && value.length > 0 ? printable(value.join(',')) : '-';
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
