import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { holdPort } from './free-port.ts';

const HOST = '127.0.0.1';

async function listens(port: number): Promise<boolean> {
  const server = createServer();
  server.listen({ host: HOST, port });
  const outcome = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  if (outcome) await new Promise((closed) => server.close(closed));
  return outcome;
}

it("a port that was found is nobody's until it is freed, whoever knocks meanwhile", async () => {
  const held = await holdPort(HOST, 0);
  const early = connect({ host: HOST, port: held.port });
  early.on('error', () => undefined);
  expect(await listens(held.port)).toBe(false);
  await Promise.all([held.free(), held.free()]);
  await held.free();
  expect(await listens(held.port)).toBe(true);
  early.destroy();
});

it('a port that was asked for is not touched', async () => {
  const asked = await holdPort(HOST, 1);
  expect(asked.port).toBe(1);
  await asked.free();
});

it('a host that is none of this machine stops the start', async () => {
  await expect(holdPort('192.0.2.1', 0)).rejects.toMatchObject({ code: 'StartFailed' });
});
