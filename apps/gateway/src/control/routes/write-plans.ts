import { Fault } from '@sealgate/core/faults';
import { parseBlobId } from '@sealgate/core/names';
import type { PlannedUpload } from '@sealgate/engine';
import { z } from 'zod';
import { tenantChanges } from '../access.ts';
import {
  bytesField,
  digestFields,
  envelopeFields,
  headersOf,
  keyText,
  tagsOf,
  wishFields,
} from '../direct/description.ts';
import { type DirectObject, requireAcceptable, requireObject } from '../direct/terms.ts';
import { bucketNameField, isoTime, tenantRefField } from '../models.ts';
import { type Route, route } from '../route.ts';
import { type ControlServices, requireBucket } from '../services.ts';

const newPlan = z.object({
  tenant: tenantRefField,
  bucket: bucketNameField,
  key: keyText,
  bytes: bytesField.meta({ description: 'Of the stored (sealed) bytes.' }),
  ...digestFields,
  ...wishFields,
  ...envelopeFields,
});

const planSchema = z
  .object({
    plan: z.string().meta({ description: 'Id of the plan, and of the bytes to be.' }),
    tenant: z.string(),
    bucket: z.string(),
    object_key: z.string(),
    class: z.string(),
    ack_rule: z.string().meta({ description: 'What the copies that landed must be for the commit to be taken.' }),
    expires_at: z.iso.datetime().nullable().meta({ description: 'What is not committed by then is removed.' }),
    urls_expire_at: z.iso.datetime().nullable().meta({ description: 'Uploads must have begun by then.' }),
    targets: z.array(
      z.object({
        backend: z.string(),
        physical_bucket: z.string(),
        physical_key: z.string(),
        url: z.string().meta({ description: 's3://bucket/key, for an upload with your own keys.' }),
        upload: z.object({
          method: z.literal('PUT'),
          url: z.string().meta({ description: 'Puts these bytes once, without any key of yours.' }),
          headers: z.record(z.string(), z.string()).meta({ description: 'To be sent exactly so.' }),
        }),
      }),
    ),
    replicated_to: z
      .array(z.string())
      .meta({ description: 'Backends that take no direct uploads now; the gateway copies there after the commit.' }),
  })
  .meta({ description: 'Where to put an object past the gateway.' });

const planParams = z.object({
  tenant: tenantRefField,
  bucket: bucketNameField,
  plan: z.string().max(64).meta({ description: 'Id of a write plan.' }),
});

export function writePlanRoutes(services: ControlServices): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/proxy/objects/plan',
      operationId: 'planUpload',
      tag: 'direct uploads',
      summary: 'Plan an upload that goes past the gateway',
      description:
        "Backends are chosen as for a PUT, by the bucket's policy, its region lock and their health; each comes with a URL that takes exactly this many bytes, once, for a quarter of an hour. Classes that keep shards are refused. Put the bytes to every target, then commit the plan (POST /proxy/objects).",
      access: tenantChanges({ in: 'body', name: 'tenant' }),
      status: 201,
      body: newPlan,
      response: planSchema,
      async handle({ body }, { actor, signal }) {
        const object = await requireObject(services, { ...body, object_key: body.key });
        const { bytes, md5 = null, sha256 = null } = body;
        requireAcceptable(services, object, {
          headers: headersOf(body),
          envelope: body.encrypted_key !== undefined,
          digest: md5 !== null || sha256 !== null,
          bytes,
        });
        const wanted = { bytes, md5, sha256, requestedClass: body.class, tags: tagsOf(body), actor, signal };
        return planModel(object, await services.engine.planUpload({ ...object, ...wanted }));
      },
    }),
    route({
      method: 'DELETE',
      path: '/proxy/objects/plan/:tenant/:bucket/:plan',
      operationId: 'endWritePlan',
      tag: 'direct uploads',
      summary: 'Give a write plan up',
      description: 'What was uploaded for it is removed.',
      access: tenantChanges({ in: 'path', name: 'tenant' }),
      status: 204,
      params: planParams,
      async handle({ params }, { actor }) {
        const bucket = await requireBucket(services, params.tenant, params.bucket);
        const ended = await services.metadata.endWritePlan(bucket.id, parseBlobId(params.plan), actor);
        if (!ended) throw new Fault('NotFound', 'There is no open write plan of this id.');
      },
    }),
  ];
}

function planModel({ bucket, key }: DirectObject, plan: PlannedUpload): z.input<typeof planSchema> {
  return {
    plan: plan.blobId,
    tenant: bucket.tenantName,
    bucket: bucket.name,
    object_key: key,
    class: plan.redundancyClass,
    ack_rule: plan.ackRule,
    expires_at: isoTime(plan.expiresAtMs),
    urls_expire_at: isoTime(plan.urlsExpireAtMs),
    targets: plan.targets.map((target) => ({
      backend: target.backend.id,
      physical_bucket: target.bucket,
      physical_key: target.key,
      url: `s3://${target.bucket}/${target.key}`,
      upload: { method: 'PUT', ...target.upload },
    })),
    replicated_to: [...plan.replicated],
  };
}
