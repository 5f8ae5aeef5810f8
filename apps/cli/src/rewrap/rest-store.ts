import type { ChangedEnvelope, EnvelopeQuery, EnvelopeStore, ListedEnvelope } from '@sealgate/client';
import { Fault } from '@sealgate/core/faults';
import type { ControlClient } from '../control/control-client.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';

/** Envelopes of a page, which is what one request changes. */
const PAGE_ENVELOPES = '100';
const OUTCOMES = ['changed', 'gone', 'conflict', 'locked', 'refused'] as const;

/** Envelopes over the control listener. What it answers is not trusted: sealing and opening check it all again. */
export function createRestStore(control: ControlClient, tenant: string): EnvelopeStore {
  async function* ask(query: EnvelopeQuery, options: { readonly count: boolean }): AsyncGenerator<JsonObject> {
    const { bucket, prefix, sealedTo } = query;
    const asked = { tenant, bucket, prefix, sealedTo: sealedTo.join(','), limit: PAGE_ENVELOPES };
    for (let cursor: string | undefined; ; ) {
      const page = await control.get('/proxy/envelopes', { ...asked, count: String(options.count), cursor });
      yield page;
      const { next } = page;
      if (typeof next !== 'string') return;
      if (next === cursor) throw malformed();
      cursor = next;
    }
  }

  return {
    async *pages(query) {
      for await (const { items } of ask(query, { count: false })) {
        if (!Array.isArray(items)) throw malformed();
        if (items.length > 0) yield items.map(listedOf);
      }
    },
    async count(query) {
      let count = 0;
      for await (const { behind } of ask(query, { count: true })) count += typeof behind === 'number' ? behind : 0;
      return count;
    },
    async change(bucket, changes) {
      const { results } = await control.send('PATCH', '/proxy/envelopes', { tenant, bucket, changes });
      if (!Array.isArray(results) || results.length !== changes.length) throw malformed();
      return results.map(changedOf);
    },
  };
}

function listedOf(item: unknown): ListedEnvelope {
  if (!isJsonObject(item)) throw malformed();
  const { key, versionId, keyId, keyVersion, envelope, locked } = item;
  const texts = [key, versionId, keyId, envelope];
  if (!texts.every((text) => typeof text === 'string') || typeof keyVersion !== 'number') throw malformed();
  return { ...(item as unknown as ListedEnvelope), locked: locked === true };
}

function changedOf(item: unknown): ChangedEnvelope {
  const { outcome, reason } = isJsonObject(item) ? item : {};
  const known = OUTCOMES.find((one) => one === outcome);
  if (known === undefined) throw malformed();
  return { outcome: known, reason: typeof reason === 'string' ? reason : undefined };
}

function malformed(): Fault {
  return new Fault('InternalError', 'The control listener gave an answer that is none about envelopes.');
}
