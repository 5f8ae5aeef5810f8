import type { PutResult, SealedBody, SealedClient, SealedPutOptions } from '@sealgate/client';
import { Fault, isFault } from '@sealgate/core/faults';
import type { CommandContext } from '../context.ts';
import type { ControlClient } from '../control/control-client.ts';
import type { Operations } from '../control/generated/operations.ts';
import type { UploadFile } from '../files/upload-source.ts';
import { printable } from '../output/format.ts';
import type { ObjectUri } from '../s3-uri.ts';
import { type UploadOutcome, type UploadTarget, uploadToAll } from '../uploads/direct-upload.ts';

type Plan = Operations['planUpload']['answer'];

/** The gateway reads what landed before it answers. */
const COMMIT_TIMEOUT_MS = 30 * 60_000;

/**
 * Seals a file and puts the sealed bytes to the backends that the gateway plans, then commits.
 * @returns undefined when the gateway cannot plan it: the file is to go through the gateway
 */
export async function putDirect(
  context: CommandContext,
  client: SealedClient,
  wanted: { readonly target: ObjectUri; readonly file: UploadFile; readonly options: SealedPutOptions },
): Promise<PutResult | undefined> {
  const { target, file, options } = wanted;
  const { signal } = context;
  const sealed = await client.seal(target, file, { signal });
  const control = await context.tenantControl();
  const plan = await planned(context, control, { sealed, options });
  if (plan === undefined) return undefined;
  try {
    const { outcomes, sha256 } = await uploadToAll(targetsOf(plan), sealed.stream(), {
      signal,
      onBytes: (doneBytes) => options.onProgress?.({ doneBytes, totalBytes: sealed.bytes }),
    });
    for (const { backend, reason } of outcomes) {
      if (reason !== undefined) context.terminal.note(`${printable(backend)} has no copy yet: ${printable(reason)}.`);
    }
    const manifest = await sealed.manifest();
    const body = registration(sealed, { plan: plan.plan, outcomes, sha256, manifest, options });
    const committed = await control.call('registerObject', { body }, { timeoutMs: COMMIT_TIMEOUT_MS });
    return { ...resultOf(sealed, committed), signedBy: await sealed.stored() };
  } catch (error) {
    await giveUp(control, sealed, plan);
    throw error;
  }
}

async function planned(
  context: CommandContext,
  control: ControlClient,
  { sealed, options }: { readonly sealed: SealedBody; readonly options: SealedPutOptions },
): Promise<Plan | undefined> {
  const { tenant, bucket, key, bytes } = sealed;
  const { redundancyClass } = options;
  try {
    const body = { tenant, bucket, key, bytes, ...envelopeOf(sealed), class: redundancyClass };
    const plan: Partial<Plan> = await control.call('planUpload', { body });
    // Another gateway than this command's may be at the other end.
    if (isPlan(plan)) return plan;
    throw new Fault('InternalError', 'The control listener answered something else than a plan.');
  } catch (error) {
    // Of the request itself: through the gateway there may be a way. What the policy refuses it refuses there too.
    if (!isFault(error, 'InvalidRequest', 'ValidationFailed', 'NotFound', 'MethodNotAllowed')) throw error;
    context.terminal.note(`No direct upload: ${printable(error.message)} The file goes through the gateway.`);
    return undefined;
  }
}

function envelopeOf({ envelope, keyVersion }: SealedBody) {
  return { encrypted_key: envelope, key_version: keyVersion };
}

function isPlan(plan: Partial<Plan>): plan is Plan {
  return typeof plan.plan === 'string' && Array.isArray(plan.targets);
}

function targetsOf({ targets }: Plan): readonly UploadTarget[] {
  return targets.map(({ backend, upload: { url, headers } }) => ({ backend, url, headers }));
}

function registration(
  sealed: SealedBody,
  landed: {
    readonly plan: string;
    readonly outcomes: readonly UploadOutcome[];
    readonly sha256: string;
    readonly manifest: string | undefined;
    readonly options: SealedPutOptions;
  },
): Operations['registerObject']['body'] {
  const { outcomes, options, ...rest } = landed;
  const stored = outcomes.filter((outcome) => outcome.stored);
  const places = stored.map(({ backend, etag }) => [backend, etag === undefined ? {} : { etag }] as const);
  return {
    ...rest,
    ...{ tenant: sealed.tenant, bucket: sealed.bucket, object_key: sealed.key, ...envelopeOf(sealed) },
    // With none of them the gateway says which rule does not hold.
    ...(places.length === 0 ? {} : { backends: Object.fromEntries(places) }),
    content_type: options.contentType ?? 'application/octet-stream',
    ...(options.ifNoneMatch === undefined ? {} : { if_none_match: options.ifNoneMatch }),
    encryption_required: true,
  };
}

/** What landed is removed at once and not only when the plan ends. Its own failure must not hide the first one. */
async function giveUp(control: ControlClient, { tenant, bucket }: SealedBody, { plan }: Plan): Promise<void> {
  await control.call('endWritePlan', { params: { tenant, bucket, plan } }).catch(() => undefined);
}

function resultOf(sealed: SealedBody, committed: Operations['registerObject']['answer']): PutResult {
  return {
    etag: committed.etag ?? undefined,
    versionId: committed.version_id === 'null' ? undefined : committed.version_id,
    redundancyClass: committed.class,
    ackedBy: committed.verified_on,
    plaintextBytes: sealed.plaintextBytes,
    keyIds: sealed.keyIds,
  };
}
