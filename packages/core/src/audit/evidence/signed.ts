import { hash } from 'node:crypto';
import { canonicalJson } from '../canonical.ts';
import { type AuditEntry, parseEntryLine } from '../entry.ts';
import { AuditIntegrityError } from '../integrity-error.ts';
import { type NoteVerifier, openCheckpoint, openNote } from '../note.ts';
import { verifyInclusion } from '../proofs.ts';
import { leafHash } from '../tree.ts';

/** An entry with the proof that it is in the log. */
export interface ProvenEntry {
  readonly leaf: number;
  readonly line: string;
  /** Base64, from the leaf upwards. */
  readonly proof: readonly string[];
}

/** What documents of all kinds have: a form, and entries that are in the log of the checkpoint. */
export interface ProvenContent {
  readonly format: string;
  /** The signed note of the tree that the proofs are of. */
  readonly checkpoint: string;
  readonly entries: readonly ProvenEntry[];
}

/** The text that is signed about a document: no checkpoint, for its first line names another thing. */
export function signedText(content: { readonly format: string }): string {
  return `${content.format}\n${hash('sha256', canonicalJson(content), 'base64')}\n`;
}

/** The file of a document: canonical JSON in one line. */
export function documentFile(document: object): string {
  return `${canonicalJson(document)}\n`;
}

/**
 * Checks form, signature, checkpoint and every proof of a document `{ <member>: content, signature }`.
 * What else it holds is the word of whoever signed it: of the given format, since only gateways have these keys.
 * @throws AuditIntegrityError
 */
export function openDocument(
  text: string,
  kind: { readonly member: string; readonly format: string; readonly name: string },
  verifiers: readonly NoteVerifier[],
): { readonly content: ProvenContent; readonly entries: readonly AuditEntry[]; readonly size: number } {
  const { content, signature } = parsed(text, kind);
  if (orIntegrity(() => openNote(signature, verifiers)) !== signedText(content)) {
    throw new AuditIntegrityError(`The ${kind.name} is not what was signed.`);
  }
  const { size, root } = orIntegrity(() => openCheckpoint(content.checkpoint, verifiers));
  const entries: AuditEntry[] = [];
  let last = -1;
  for (const { leaf, line, proof } of content.entries) {
    const hashes = proof.map((one) => Buffer.from(one, 'base64'));
    if (leaf <= last || !verifyInclusion({ index: leaf, size, leaf: leafHash(line), root, proof: hashes })) {
      throw new AuditIntegrityError(`Entry ${leaf} of the ${kind.name} is not in the log.`);
    }
    last = leaf;
    entries.push(orIntegrity(() => parseEntryLine(line)));
  }
  return { content, entries, size };
}

function parsed(
  text: string,
  { member, format, name }: { readonly member: string; readonly format: string; readonly name: string },
): { readonly content: ProvenContent; readonly signature: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AuditIntegrityError(`The ${name} is no JSON.`, { cause });
  }
  if (typeof value !== 'object' || documentFile(value ?? {}) !== text) {
    throw new AuditIntegrityError(`The ${name} is not in canonical form.`);
  }
  const members = { ...value } as Readonly<Record<string, unknown>>;
  const { signature } = members;
  const content = members[member] as ProvenContent | undefined;
  if (Object.keys(members).length !== 2 || typeof signature !== 'string' || content?.format !== format) {
    throw new AuditIntegrityError(`This is no document of the form ${format}.`);
  }
  return { content, signature };
}

function orIntegrity<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new AuditIntegrityError(cause.message, { cause });
  }
}
