export {
  COMMITMENT_BYTES,
  DOCUMENT_KEY_BYTES,
  DOCUMENT_MAGIC,
  DOCUMENT_SEGMENT_BYTES,
  DOCUMENT_SUITE,
  DOCUMENT_TAG_BYTES,
  DOCUMENT_TYPE,
  DOCUMENT_VERSION,
  type DocumentPurpose,
  documentKeys,
  ENVELOPE_BYTES_MAX,
  isCommitment,
  PREAMBLE_BYTES,
  segmentNonce,
} from './format.ts';
export { type DocumentRecipient, documentRecipient } from './recipients.ts';
export { type SealDocumentOptions, sealDocument, sealedDocument } from './seal-document.ts';
