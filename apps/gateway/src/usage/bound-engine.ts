import type { TenantId } from '@sealgate/core/names';
import type { Bucket, Clock, Metadata, Tenant } from '@sealgate/core/ports';
import type { Engine } from '@sealgate/engine';
import { createKept } from '@sealgate/engine/kept';
import type { QuotaLedger, Settle } from '@sealgate/engine/quota';

/** How late a changed quota is seen. */
const QUOTA_KEPT_MS = 1_000;
const TENANTS_MAX = 10_000;

/** The engine as requests use it: what a bucket's owner may not have any more is refused before its body is read. */
export function boundByQuotas(
  engine: Engine,
  deps: { readonly metadata: Pick<Metadata, 'tenant'>; readonly clock: Clock; readonly ledger: QuotaLedger },
): Engine {
  const { metadata, clock, ledger } = deps;
  const tenants = createKept<TenantId, { readonly tenant: Tenant | undefined }>({
    max: TENANTS_MAX,
    freshMs: QUOTA_KEPT_MS,
    clock,
    ask: async (tenantId) => ({ tenant: await metadata.tenant(tenantId) }),
  });
  async function within<T>(
    bucket: Pick<Bucket, 'tenantId'>,
    wanted: { readonly bytes: number; readonly objects: number },
    work: () => Promise<T>,
  ): Promise<T> {
    const { tenant: owner } = await tenants.get(bucket.tenantId);
    const settle: Settle | undefined = owner && (await ledger.reserve(owner, wanted));
    try {
      const result = await work();
      settle?.(true);
      return result;
    } catch (error) {
      settle?.(false);
      throw error;
    }
  }
  const counting =
    (bucket: Pick<Bucket, 'tenantId'>) =>
    <T>(bytes: number, work: () => Promise<T>): Promise<T> =>
      within(bucket, { bytes, objects: 1 }, work);
  return {
    ...engine,
    putObject: (put) => within(put.bucket, { bytes: put.body.bytes, objects: 1 }, () => engine.putObject(put)),
    uploadPart: (part) => within(part.bucket, { bytes: part.body.bytes, objects: 0 }, () => engine.uploadPart(part)),
    async planUpload(plan) {
      // Nothing is stored yet, but what will not fit need not be uploaded.
      const { tenant: owner } = await tenants.get(plan.bucket.tenantId);
      const settle = owner && (await ledger.reserve(owner, { bytes: plan.bytes, objects: 1 }));
      settle?.(false);
      return await engine.planUpload(plan);
    },
    commitUploaded: (request) => engine.commitUploaded({ ...request, count: counting(request.bucket) }),
    adoptObject: (request) => engine.adoptObject({ ...request, count: counting(request.bucket) }),
    // Its parts are counted already.
    completeUpload: (upload) => within(upload.bucket, { bytes: 0, objects: 1 }, () => engine.completeUpload(upload)),
  };
}
