import { parseBackendId, parseBlobId } from '@sealgate/core/names';
import { wire } from '@sealgate/runtime/agents';
import { expect, test } from 'vitest';
import type { ControlLink } from './control-link.ts';
import { createRemoteMetadata } from './remote-metadata.ts';

const jobId = '5f1c4b9e-7c1d-4f2e-9a37-0d6a3c1f8e21';
const blobId = parseBlobId('01900000-0000-7000-8000-000000000001');
const worker = { name: 'vault', epoch: 1 };

test('what an agent says of a failed repair has the backends without room, as the gateway parses it', async () => {
  const ends: unknown[] = [];
  const link = {
    call(name: string, body: unknown, job?: string) {
      ends.push({ name, job, ...wire.end.request.parse(body) });
      return Promise.resolve({ held: true });
    },
  } as unknown as ControlLink;
  const lease = { jobId, blobId, token: 7n };
  const end = { kind: 'failed', reason: 'BackendFull', noRoom: [parseBackendId('small')] } as const;
  expect(await createRemoteMetadata(link).settleLeases(worker, [{ lease, replica: null, end }])).toEqual(['wanted']);
  expect(ends).toEqual([
    { name: 'end', job: jobId, token: '7', outcome: 'failed', reason: 'BackendFull', noRoom: ['small'] },
  ]);
});

test('an agent of an earlier release says nothing of room', () => {
  expect(wire.end.request.parse({ token: '7', outcome: 'done' })).toMatchObject({ noRoom: [] });
});
