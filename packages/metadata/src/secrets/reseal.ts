import { Fault } from '@sealgate/core/faults';
import type { MetadataSecrets } from '@sealgate/core/ports';
import { SYSTEM_ACTOR } from '../audit/actor.ts';
import type { Context } from '../context.ts';
import type { SecretPlace } from './box.ts';

interface SealedRow extends SecretPlace {
  readonly sealed: Buffer;
}

export function createSecretVersions(context: Context): MetadataSecrets {
  const { database, secrets } = context;
  const counts = () => database.read<{ version: number; sealed: number }>('sealed-counts', []);
  return {
    async secretVersions() {
      return { newest: secrets.newest, versions: await counts() };
    },

    async resealSecrets(limit) {
      const rows = await database.read<SealedRow>('sealed-rows', [secrets.newest, limit]);
      if (rows.length === 0) return 0;
      await database.write('reseal-rows', [
        ...(await context.actor(SYSTEM_ACTOR)),
        rows.map(({ purpose }) => purpose),
        rows.map(({ id }) => id),
        rows.map((row) => secrets.seal(row, secrets.open(row, row.sealed))),
        rows.map(({ sealed }) => sealed),
      ]);
      return rows.length;
    },

    async retireSecretVersion(version, actor) {
      const known = (await counts()).find((each) => each.version === version);
      if (known === undefined) throw new Fault('NotFound', `There is no passphrase version ${version}.`);
      if (version >= secrets.newest) throw new Fault('Conflict', 'The newest passphrase version is in use.');
      if (known.sealed > 0) throw stillInUse(version, known.sealed);
      const values = [...(await context.actor(actor)), version, secrets.newest];
      const gone = await database.write('retire-secret-version', values);
      if (gone.length === 0) throw new Fault('NotFound', `There is no passphrase version ${version}.`);
    },
  };
}

function stillInUse(version: number, sealed: number): Fault {
  return new Fault(
    'Conflict',
    `${sealed} secrets are still sealed under passphrase version ${version}. They are sealed anew in the background; try again later.`,
  );
}
