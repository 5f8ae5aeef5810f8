import { usageError } from '../cli-error.ts';
import type { Writer, WriterStore } from './writer-store.ts';

/** A writer by name or id; the one that signs here when none is named. @throws CliError */
export async function findWriter(store: Pick<WriterStore, 'list'>, named: string | undefined): Promise<Writer> {
  const writers = await store.list();
  const found =
    named === undefined
      ? writers.filter(({ own }) => own)
      : writers.filter(({ keyId, name }) => name === named || keyId === named);
  const [writer, ...others] = found;
  if (writer === undefined)
    throw usageError(
      named === undefined
        ? 'There is no key to sign with yet: sealgate keys create --use sign'
        : `There is no writer "${named}".`,
    );
  if (others.length > 0) throw usageError(`"${named ?? ''}" names several writers.`, 'Use the id of one of them.');
  return writer;
}
