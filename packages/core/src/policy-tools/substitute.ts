import { type CompiledPolicy, DEFAULT_POLICY } from '../policy/index.ts';

/**
 * The layers of a bucket as they would be with a new version of one of its policies; undefined when the policy is none of
 * them.
 * @param attach as if it were attached innermost where it is no layer yet
 */
export function substitute(
  layers: readonly CompiledPolicy[],
  candidate: CompiledPolicy,
  attach: boolean,
): readonly CompiledPolicy[] | undefined {
  if (layers.some(({ name }) => name === candidate.name)) {
    return layers.map((layer) => (layer.name === candidate.name ? candidate : layer));
  }
  if (candidate.name === DEFAULT_POLICY) return [candidate, ...layers];
  return attach ? [...layers, candidate] : undefined;
}
