import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { isJsonObject } from '../files/json.ts';
import { formatTable } from '../output/format.ts';

/** `sealgate secret status` */
export async function secretStatus(context: CommandContext) {
  const answer = await (await context.control()).get('/admin/secrets');
  const versions = Array.isArray(answer['versions']) ? answer['versions'].filter(isJsonObject) : [];
  const rows = versions.map(({ version, sealed }) => [
    String(version),
    String(sealed),
    version === answer['newest'] ? 'seals' : sealed === 0 ? 'may be retired' : 'is being replaced',
  ]);
  context.terminal.result({ json: answer, text: formatTable([['VERSION', 'SECRETS', 'STATE'], ...rows]) });
}

/** `sealgate secret retire VERSION` */
export async function retireSecret(context: CommandContext, [version]: readonly [string]) {
  await (await context.control()).delete(controlPath`/admin/secrets/versions/${version}`);
  context.terminal.result({ json: { version: Number(version), retired: true }, text: `retired version ${version}\n` });
}
