import {
  checkManifest,
  contextHash,
  manifestDigest,
  type ObjectNames,
  type ParsedEnvelope,
  type ParsedManifest,
  parseManifest,
  SealError,
} from '@sealgate/sealed/inspect';
import { toBase64url } from '../bytes.ts';
import { judgeWriter } from './judge-writer.ts';
import type { Writers } from './writers.ts';

export interface ReadManifest {
  readonly text: string | undefined;
  readonly envelope: ParsedEnvelope;
  /** As the server says it. */
  readonly bodyLength: number;
}

/**
 * The manifest of an object that is about to be opened, checked: form, object, envelope, length, signature, and that no
 * newer version was seen before. The body is compared with it later. Undefined where none is asked for and none can be
 * judged.
 *
 * @param options.older the version was asked for by its id, or its reader takes an older one knowingly
 * @throws SealError `manifest-missing`, `malformed-manifest`, `manifest-mismatch`, `not-for-this-object`,
 *   `untrusted-writer`, `revoked-writer`, `bad-signature`, `rolled-back`
 */
export async function readManifest(
  writers: Writers | undefined,
  names: ObjectNames,
  { text, envelope, bodyLength, older }: ReadManifest & { readonly older: boolean },
): Promise<ParsedManifest | undefined> {
  if (writers === undefined) return undefined;
  const required = (await writers.policyOf(names.tenant, names.bucket)) === 'required';
  const context = contextOf(names);
  const seen = await writers.highestSeen(context);
  // Whoever reads what nobody signed need not ask for a keyring.
  if (text === undefined && seen === undefined && !required) return undefined;
  const trusted = await writers.trusted(names.tenant);
  if (trusted.keys.length + trusted.revoked.size === 0 && !required) return undefined;
  if (text === undefined) {
    // Whoever can take a manifest away could give anything in its place.
    if (required || (seen !== undefined && !older)) throw new SealError('manifest-missing');
    return undefined;
  }
  const manifest = parseManifest(text);
  checkManifest(manifest, { contextHash: contextHash(names), envelope, bodyLength });
  const digest = toBase64url(manifestDigest(manifest));
  await judgeWriter(manifest, trusted, seen?.digest === digest);
  const behind =
    seen !== undefined && (manifest.seq < seen.seq || (manifest.seq === seen.seq && digest !== seen.digest));
  if (behind && !older) throw new SealError('rolled-back');
  await writers.remember(context, { seq: manifest.seq, digest });
  return manifest;
}

/** What an object is called where its names should not be. */
export function contextOf(names: ObjectNames): string {
  return toBase64url(contextHash(names));
}
