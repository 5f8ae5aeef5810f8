import { equalBytes, toBase64url } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { sgo1EncryptionAlg } from '../format/layout.ts';
import { plaintextLengthOf } from '../format/sizes.ts';
import { inspectByBytes, inspectInstructionFile, inspectS3ec } from './foreign-inspector.ts';
import { instructionFileSuffix } from './instruction-file.ts';
import type { EnvelopeMetadata, MetadataHeaders } from './metadata.ts';
import { envelopeFromMetadata } from './metadata.ts';
import type { ObjectNames } from './names.ts';
import { contextHash } from './names.ts';
import type { RecipientPolicy } from './recipient-policy.ts';
import { checkRecipients } from './recipient-policy.ts';
import { recogniseS3ec } from './s3ec.ts';
import { createStructureInspector } from './structure.ts';
import type { EnvelopeSummary, ForeignFormat, ObjectInspector, Verdict } from './verdict.ts';
import { attempt, refuse, refusedInspector } from './verdict.ts';

export interface InspectionRequest extends ObjectNames {
  /** Request headers by lower-case name; others than `x-amz-meta-*` are ignored. */
  readonly metadata: MetadataHeaders;
  /** Bytes of the body after aws-chunked decoding, when known. */
  readonly contentLength?: number | undefined;
}

export interface InspectionPolicy extends RecipientPolicy {
  /** Encrypted formats other than SGO1 that the bucket accepts; none by default. */
  readonly allowedFormats?: readonly ForeignFormat[];
  /** False where only other formats are accepted. */
  readonly takesSealed?: boolean;
}

/**
 * What a gateway without keys can check about one write, in the order in which it becomes known: envelope, policy,
 * header, segments, length. No keyless check proves encryption against a client that wants to cheat: it stops accidents
 * and wrong tools.
 *
 * Never throws for anything in the request; every problem is a verdict.
 */
export function createObjectInspector(request: InspectionRequest, policy: InspectionPolicy = {}): ObjectInspector {
  const envelope = attempt(() => envelopeFromMetadata(request.metadata));
  if ('error' in envelope) return refusedInspector(refuse('sgo1', envelope.error));
  if (envelope.value !== undefined && policy.takesSealed === false) {
    return refusedInspector(refuse('sgo1', new SealError('format-not-allowed')));
  }
  if (envelope.value !== undefined) return inspectSgo1({ request, policy, metadata: envelope.value });

  const allowed = policy.allowedFormats ?? [];
  const s3ec = recogniseS3ec(request.metadata);
  if (s3ec !== undefined) return inspectS3ec(s3ec, { allowed, contentLength: request.contentLength });
  if (request.key.endsWith(instructionFileSuffix) && allowed.includes('s3ec-instruction-file')) {
    return inspectInstructionFile(request.contentLength);
  }
  return inspectByBytes(allowed);
}

/**
 * The checks of an envelope that need no body: for the REST interface, a rewrap, and before the first byte of a write.
 * @throws SealError `not-for-this-object`, `recipient-unknown`, `recipient-missing`, `unsupported`, `malformed-envelope`
 */
export function checkEnvelope(
  envelope: EnvelopeMetadata['envelope'],
  names: ObjectNames,
  policy: RecipientPolicy = {},
): void {
  if (!equalBytes(envelope.contextHash, contextHash(names))) throw new SealError('not-for-this-object');
  checkRecipients(envelope.recipients, policy);
}

/** What the metadata store keeps of an envelope. */
export function summariseEnvelope(metadata: EnvelopeMetadata, plaintextLength?: number): EnvelopeSummary {
  const { envelope, keyVersion } = metadata;
  const [primary] = envelope.recipients;
  return {
    keyId: primary.keyId,
    keyAlg: primary.keyAlg,
    keyVersion,
    recipients: envelope.recipients.map(({ keyId, keyAlg }) => ({ keyId, keyAlg })),
    encryptionAlg: sgo1EncryptionAlg,
    envelopeId: toBase64url(envelope.envelopeId),
    ...(plaintextLength === undefined ? {} : { plaintextLength }),
    encryptedKey: envelope.text,
  };
}

function inspectSgo1(input: {
  request: InspectionRequest;
  policy: InspectionPolicy;
  metadata: EnvelopeMetadata;
}): ObjectInspector {
  const { request, policy, metadata } = input;
  const checked = attempt(() => {
    checkEnvelope(metadata.envelope, request, policy);
    const { contentLength } = request;
    if (contentLength !== undefined && plaintextLengthOf(contentLength) === undefined) {
      throw new SealError('length-mismatch', 'No sealed object has this length.');
    }
  });
  if ('error' in checked) return refusedInspector(refuse('sgo1', checked.error));

  const structure = createStructureInspector({ expectedLength: request.contentLength, envelope: metadata.envelope });
  const toVerdict = ({
    ok,
    reason,
    message,
    plaintextLength,
    chiSquare,
  }: ReturnType<typeof structure.finish>): Verdict => ({
    sealed: ok,
    format: 'sgo1',
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(ok ? { envelope: summariseEnvelope(metadata, plaintextLength) } : {}),
    ...(chiSquare === undefined ? {} : { chiSquare }),
  });
  return {
    refusal: undefined,
    push(chunk) {
      const refused = structure.push(chunk);
      return refused === undefined ? undefined : toVerdict(refused);
    },
    finish: () => toVerdict(structure.finish()),
  };
}
