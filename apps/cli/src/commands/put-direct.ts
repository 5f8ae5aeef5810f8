import type { PutResult, SealedBody, SealedClient, SealedPutOptions } from '@sealgate/client';
import { Fault, isFault } from '@sealgate/core/faults';
import type { CommandContext } from '../context.ts';
import { type ControlClient, controlPath } from '../control/control-client.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import type { UploadFile } from '../files/upload-source.ts';
import { printable } from '../output/format.ts';
import type { ObjectUri } from '../s3-uri.ts';
import { type UploadOutcome, type UploadTarget, uploadToAll } from '../uploads/direct-upload.ts';

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
    const committed = await control.send(
      'POST',
      '/proxy/objects',
      registration(sealed, { plan: textOf(plan, 'plan'), outcomes, sha256, options }),
      { timeoutMs: COMMIT_TIMEOUT_MS },
    );
    return resultOf(sealed, committed);
  } catch (error) {
    await giveUp(control, sealed, plan);
    throw error;
  }
}

async function planned(
  context: CommandContext,
  control: ControlClient,
  { sealed, options }: { readonly sealed: SealedBody; readonly options: SealedPutOptions },
): Promise<JsonObject | undefined> {
  const { tenant, bucket, key, bytes } = sealed;
  const { redundancyClass } = options;
  try {
    const plan = await control.send('POST', '/proxy/objects/plan', {
      ...{ tenant, bucket, key, bytes, ...envelopeOf(sealed) },
      ...(redundancyClass === undefined ? {} : { class: redundancyClass }),
    });
    if (textOf(plan, 'plan') !== '') return plan;
    throw new Fault('InternalError', 'The control listener answered something else than a plan.');
  } catch (error) {
    // Of the request itself: through the gateway there may be a way. What the policy refuses it refuses there too.
    if (!isFault(error, 'InvalidRequest', 'ValidationFailed', 'NotFound', 'MethodNotAllowed')) throw error;
    context.terminal.note(`No direct upload: ${printable(error.message)} The file goes through the gateway.`);
    return undefined;
  }
}

function envelopeOf({ envelope, keyVersion }: SealedBody): JsonObject {
  return { encrypted_key: envelope, key_version: keyVersion };
}

function targetsOf(plan: JsonObject): readonly UploadTarget[] {
  const { targets } = plan;
  if (!Array.isArray(targets)) return [];
  return targets.filter(isJsonObject).map((target) => {
    const upload = isJsonObject(target['upload']) ? target['upload'] : {};
    const headers = isJsonObject(upload['headers']) ? upload['headers'] : {};
    const text = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
    return { backend: textOf(target, 'backend'), url: textOf(upload, 'url'), headers: Object.fromEntries(text) };
  });
}

function registration(
  sealed: SealedBody,
  landed: {
    readonly plan: string;
    readonly outcomes: readonly UploadOutcome[];
    readonly sha256: string;
    readonly options: SealedPutOptions;
  },
): JsonObject {
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
async function giveUp(control: ControlClient, { tenant, bucket }: SealedBody, plan: JsonObject): Promise<void> {
  const path = controlPath`/proxy/objects/plan/${tenant}/${bucket}/${textOf(plan, 'plan')}`;
  await control.delete(path).catch(() => undefined);
}

function resultOf(sealed: SealedBody, committed: JsonObject): PutResult {
  const { verified_on: verified, version_id: versionId, etag } = committed;
  return {
    etag: typeof etag === 'string' ? etag : undefined,
    versionId: typeof versionId === 'string' && versionId !== 'null' ? versionId : undefined,
    redundancyClass: textOf(committed, 'class'),
    ackedBy: Array.isArray(verified) ? verified.map(String) : [],
    plaintextBytes: sealed.plaintextBytes,
    keyIds: sealed.keyIds,
  };
}

function textOf(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}
