import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { Fault } from '@sealgate/core/faults';
import type { Config } from '../config.ts';

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** @throws Fault ConfigInvalid when the files cannot be read or do not belong together. */
export async function loadTls(config: Pick<Config, 'tlsCert' | 'tlsKey'>): Promise<TlsFiles | undefined> {
  if (config.tlsCert === undefined || config.tlsKey === undefined) return undefined;
  try {
    const [cert, key] = await Promise.all([readFile(config.tlsCert, 'utf8'), readFile(config.tlsKey, 'utf8')]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Fault('ConfigInvalid', `SEALGATE_TLS_CERT and SEALGATE_TLS_KEY cannot be used: ${why}`, { cause: error });
  }
}
