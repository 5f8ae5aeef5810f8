import { type LifecycleConfiguration, readLifecycleDocument } from '@sealgate/core/lifecycle';
import type { Bucket } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';

/** Characters of documents whose rules are kept at hand. A document of 1000 rules has some 300 000. */
const KEPT_CHARACTERS_MAX = 4_000_000;

export interface LifecycleDocuments {
  /** The bucket's lifecycle, or undefined when it has none. @throws Fault InternalError for a document that is not ours */
  of(bucket: Pick<Bucket, 'configs'>): LifecycleConfiguration | undefined;
}

/** Lifecycles read once: a long one takes milliseconds, and every answer about an object asks for it. */
export function createLifecycleDocuments(): LifecycleDocuments {
  const known = new LRUCache<string, LifecycleConfiguration>({
    maxSize: KEPT_CHARACTERS_MAX,
    sizeCalculation: (_configuration, document) => document.length + 1,
  });
  return {
    of({ configs }) {
      const document = configs.lifecycle;
      if (document === undefined) return undefined;
      const kept = known.get(document);
      if (kept !== undefined) return kept;
      const configuration = readLifecycleDocument(document);
      known.set(document, configuration);
      return configuration;
    },
  };
}
