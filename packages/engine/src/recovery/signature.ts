import { createHash } from 'node:crypto';
import { type NoteVerifier, openNote } from '@sealgate/core/audit';
import { type EndLine, MANIFEST_FORMAT } from './manifest.ts';

/** Signs notes (https://c2sp.org/signed-note), as the audit log's key does. */
export interface ManifestSigner {
  sign(text: string): Promise<string>;
}

/**
 * What the signature of a document is about: its format, so that it is no checkpoint; all lines before the last, of which the first
 * names bucket, generation, number and the document before; and what else the last one says.
 * @param before all lines before the last one, each with its line end
 */
function signedText(before: string, { lines, more }: Pick<EndLine, 'lines' | 'more'>): string {
  const digest = createHash('sha256').update(before).digest('hex');
  return `${MANIFEST_FORMAT}\n${digest}\n${lines} ${more ? 'more' : 'end'}\n`;
}

/** The signature lines of a document, as its last line holds them. */
export async function signManifest(
  signer: ManifestSigner,
  before: string,
  end: Pick<EndLine, 'lines' | 'more'>,
): Promise<string> {
  const text = signedText(before, end);
  return (await signer.sign(text)).slice(text.length + 1);
}

/** Whether one of the keys signed the document. A wrong signature of one of them condemns it. */
export function isSignedManifest(verifiers: readonly NoteVerifier[], before: string, end: EndLine): boolean {
  if (end.signature === undefined) return false;
  try {
    openNote(`${signedText(before, end)}\n${end.signature}`, verifiers);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
