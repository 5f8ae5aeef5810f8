import { createHash } from 'node:crypto';
import { PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import type { SimulatedGateway } from '@sealgate/testkit/cluster';
import { attempt } from './attempt.ts';
import { bodyOf, md5Of, randomContent } from './bodies.ts';
import { drawConditions } from './conditions.ts';
import { simulatedLimits } from './run-plan.ts';
import type { Target } from './target.ts';
import type { World } from './world.ts';
import { ACTOR, drawClass, write } from './writes.ts';

interface SentPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly content: Buffer;
}

/** One upload from begin to completion or abort, each step through whichever gateway lives. */
export async function multipart(world: World, target: Target): Promise<void> {
  const { bucket, key, prng } = target;
  const at = (): SimulatedGateway => world.gateway(prng);
  const begin = at();
  const begun = await attempt(begin, world.history, () =>
    begin.engine.createUpload({
      bucket,
      key,
      requestedClass: drawClass(prng),
      headers: {},
      tags: null,
      attributes: PLAIN_ATTRIBUTES,
      checksumAlgorithm: null,
      checksumType: null,
      envelope: null,
      actor: ACTOR,
    }),
  );
  if (begun.kind !== 'done') return;
  const { uploadId } = begun.value;
  const sent = await Promise.all(
    Array.from({ length: 1 + prng.int(3) }, (_, i) => sendPart(world, target, { uploadId, partNumber: i * 2 + 1 })),
  );
  const parts = sent.flatMap((part) => (part === undefined ? [] : [part]));
  if (parts.length === 0 || prng.chance(0.15)) {
    const gateway = at();
    await attempt(gateway, world.history, () =>
      gateway.metadata.abortUpload({ bucketId: bucket.id, key, uploadId, actor: ACTOR }),
    );
    return;
  }
  await complete(world, target, { uploadId, parts });
}

async function sendPart(
  world: World,
  target: Target,
  part: { readonly uploadId: string; readonly partNumber: number },
): Promise<SentPart | undefined> {
  const { bucket, key } = target;
  const prng = target.prng.fork(`${part.uploadId}/${part.partNumber}`);
  const tries = prng.chance(0.2) ? 2 : 1;
  let last: SentPart | undefined;
  for (let i = 0; i < tries; i += 1) {
    const gateway = world.gateway(prng);
    const content = Buffer.concat([Buffer.alloc(simulatedLimits.partBytesMin, i), randomContent(prng, 2500)]);
    const result = await attempt(gateway, world.history, async () => {
      const upload = await gateway.metadata.upload(bucket.id, key, part.uploadId);
      if (upload === undefined) return undefined;
      return gateway.engine.uploadPart({
        bucket,
        upload,
        partNumber: part.partNumber,
        body: bodyOf(content, { prng, clock: world.cluster.clock, spoiled: 'no' }),
        actor: ACTOR,
        signal: new AbortController().signal,
      });
    });
    // After an unknown outcome either content may be the part's; completing names an ETag, so a guess is safe.
    if (result.kind === 'done' && result.value !== undefined) {
      last = { partNumber: part.partNumber, etag: result.value.etag, content };
    }
  }
  return last;
}

async function complete(
  world: World,
  target: Target,
  options: { readonly uploadId: string; readonly parts: readonly SentPart[] },
): Promise<void> {
  const { bucket, key, prng } = target;
  const { parts, uploadId } = options;
  const whole = Buffer.concat(parts.map((part) => part.content));
  const md5 = createHash('md5');
  for (const part of parts) md5.update(md5Of(part.content));
  const value = world.history.content(whole, `${md5.digest('hex')}-${parts.length}`);
  const gateway = world.gateway(prng);
  const preconditions = drawConditions(world, target);
  await write(world, target, {
    gateway,
    value,
    preconditions,
    work: async () => {
      const upload = await gateway.metadata.upload(bucket.id, key, uploadId);
      if (upload === undefined) return {};
      return gateway.engine.completeUpload({
        bucket,
        upload,
        parts: parts.map(({ partNumber, etag }) => ({ partNumber, etag })),
        summarize: () => ({ checksum: null, verdict: null, envelope: null }),
        preconditions,
        actor: ACTOR,
      });
    },
  });
}
