import { Fault } from '@sealgate/core/faults';

/** An error of `listen` in words that help. */
export function listenFault(
  error: unknown,
  setting: string,
  address: { readonly host: string; readonly port: number },
): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const at = `${address.host}:${address.port}`;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `${at} is taken by another program. Stop it, or set ${setting} to another port (0 picks a free one).`,
    EACCES: `This user may not listen on ${at}. Set ${setting} to a port above 1023.`,
    EADDRNOTAVAIL: `${address.host} is not an address of this machine. Set SEALGATE_HOST to one that is.`,
    ENOTFOUND: `${address.host} cannot be resolved. Set SEALGATE_HOST to an address of this machine.`,
  };
  const reason = typeof code === 'string' ? reasons[code] : undefined;
  return reason === undefined ? error : new Fault('StartFailed', reason, { cause: error });
}
