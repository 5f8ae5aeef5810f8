import { createXmlWriter } from './writer.ts';

/**
 * The two documents by which backup products find out what a store can do (Smart Object Storage API). Texts stand in
 * quotes within their elements because that is how that interface shows them.
 * @see https://helpcenter.veeam.com/docs/vbr/userguide/sosapi.html
 */
const SYSTEM_DOCUMENT_FOLDER = '.system-d26a9498-cb7c-4a87-a44a-8ae204f5ba6c/';
export const SYSTEM_DOCUMENT_KEY = `${SYSTEM_DOCUMENT_FOLDER}system.xml`;
export const CAPACITY_DOCUMENT_KEY = `${SYSTEM_DOCUMENT_FOLDER}capacity.xml`;

export interface SystemFacts {
  readonly modelName: string;
  /** Whether `capacity.xml` says anything. */
  readonly capacityInfo: boolean;
  /** Keys of one DeleteObjects. */
  readonly deleteKeysMax: number;
  /** The size that backup data is best cut to. */
  readonly blockKib: number;
}

export function systemDocument(facts: SystemFacts): string {
  const writer = createXmlWriter();
  writer.open('SystemInfo');
  writer.leaf('ProtocolVersion', '"1.0"');
  writer.leaf('ModelName', `"${facts.modelName}"`);
  writer.open('ProtocolCapabilities');
  writer.leaf('CapacityInfo', facts.capacityInfo);
  writer.leaf('UploadSessions', false);
  writer.leaf('IAMSTS', false);
  writer.close('ProtocolCapabilities');
  writer.open('SystemRecommendations');
  writer.leaf('S3MultiObjectDeleteLimit', facts.deleteKeysMax);
  writer.leaf('KbBlockSize', facts.blockKib);
  writer.close('SystemRecommendations');
  writer.close('SystemInfo');
  return writer.end();
}

/** Bytes; -1 for what is not known or has no bound. */
export function capacityDocument(facts: {
  readonly capacity: number;
  readonly available: number;
  readonly used: number;
}): string {
  const writer = createXmlWriter();
  writer.open('CapacityInfo');
  writer.leaf('Capacity', facts.capacity);
  writer.leaf('Available', facts.available);
  writer.leaf('Used', facts.used);
  writer.close('CapacityInfo');
  return writer.end();
}
