import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { findKey } from '../keys/find-key.ts';
import { publishKey } from '../keys/publish-key.ts';
import { formatTable, printable } from '../output/format.ts';
import { operatedTenant, readSources } from '../settings/connection.ts';

const tenantOf = async ({ environment, options }: CommandContext): Promise<string> =>
  operatedTenant(await readSources(environment, options));

/** `sealgate keys publish [KEY]` */
export async function publish(context: CommandContext, [named]: readonly [string | undefined]) {
  const key = await findKey(context.keyStore, named);
  const tenant = await tenantOf(context);
  await publishKey(await context.control(), tenant, key);
  const { keyId, name } = key;
  context.terminal.result({
    json: { tenant, keyId, name },
    text: `Recovery manifests of ${printable(tenant)} are sealed to ${printable(name)}. Only its private half opens them.\n`,
  });
}

/** `sealgate keys unpublish KEY` */
export async function unpublish(context: CommandContext, [keyId]: readonly [string]) {
  const tenant = await tenantOf(context);
  const id = await publishedId(context, keyId);
  await (await context.control()).delete(
    `${controlPath`/proxy/recovery-keys/${id}`}?${new URLSearchParams({ tenant })}`,
  );
  context.terminal.result({ json: { tenant, keyId: id }, text: `Manifests are being written anew without ${id}.\n` });
}

/** A key by its name in the key store, else the id as it was given: the key itself may be gone. */
async function publishedId({ keyStore }: CommandContext, named: string): Promise<string> {
  const [known, ...others] = (await keyStore.list()).filter(({ name, keyId }) => name === named || keyId === named);
  if (others.length > 0) throw usageError(`"${named}" names several keys.`, 'Use the id of one of them.');
  return known?.keyId ?? named;
}

/** `sealgate recovery status` */
export async function recoveryStatus(context: CommandContext) {
  const control = await context.control();
  const head = ['BUCKET', 'READABLE BY', 'KEYS', 'WRITTEN', 'DOCUMENTS', 'ON'];
  const rows: string[][] = [];
  for await (const item of control.list('/admin/recovery')) {
    const text = (name: string): string => {
      const value = item[name];
      return typeof value === 'string' || typeof value === 'number' ? printable(String(value)) : '-';
    };
    const backends = Array.isArray(item['backends']) ? item['backends'].join(', ') : '';
    if (context.options.json === true) context.terminal.item({ json: item, text: '' });
    const name = `${text('tenant')}/${text('bucket')}`;
    rows.push([name, text('readableBy'), text('ownerKeys'), text('writtenAt'), text('documents'), printable(backends)]);
  }
  if (context.options.json !== true) context.terminal.result({ json: [], text: formatTable([head, ...rows]) });
}

/** `sealgate recovery rebuild [BUCKET]` */
export async function rebuild(context: CommandContext, [bucket]: readonly [string | undefined]) {
  const tenant = await tenantOf(context);
  const body = { tenant, ...(bucket === undefined ? {} : { bucket }) };
  const answer = await (await context.control()).send('POST', '/proxy/recovery-manifests', body);
  context.terminal.result({
    json: answer,
    text: `Manifests of ${String(answer['requested'])} buckets are being written anew; the old ones go then.\n`,
  });
}
