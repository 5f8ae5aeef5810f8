import { generateKeyPair, type KeyPair } from '@sealgate/sealed/keys';
import { createSealedClient, type SealedClient, type SealedClientOptions } from '../../client.ts';
import { createKeyring } from '../../keyring.ts';
import { type FakeS3, startFakeS3 } from './fake-s3.ts';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };

export interface Fixture {
  readonly fake: FakeS3;
  readonly key: KeyPair;
  readonly client: SealedClient;
  /** Waits between attempts, in the order in which they were asked for. */
  readonly waits: number[];
  /** The same server seen by a client with other options. */
  clientWith(change: Partial<SealedClientOptions>): SealedClient;
}

/** A client before a fake server, without real waiting. */
export async function startFixture(): Promise<Fixture> {
  const fake = await startFakeS3();
  const key = await generateKeyPair('P-256');
  const waits: number[] = [];
  const clientWith = (change: Partial<SealedClientOptions>): SealedClient =>
    createSealedClient({
      endpoint: fake.endpoint,
      region: 'eu-sovereign-1',
      credentials,
      tenant: 'acme',
      keys: createKeyring({ recipients: [key], opening: [key] }),
      random: () => 0.5,
      sleep: (ms) => {
        waits.push(ms);
        return Promise.resolve();
      },
      ...change,
    });
  return { fake, key, client: clientWith({}), waits, clientWith };
}

/** Bytes that differ from position to position, so that a mix-up shows. */
export function pattern(bytes: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(bytes);
  let state = 1;
  for (let at = 0; at < bytes; at++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    data[at] = state >> 16;
  }
  return data;
}

export async function collect(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
