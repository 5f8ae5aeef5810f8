import { malformedXml, parseXml, requireChildren, textOf } from './reader.ts';
import { createXmlWriter, S3_NAMESPACE } from './writer.ts';

// Documents of one word, and the lists of what no bucket here has.

const NAMESPACE = `xmlns="${S3_NAMESPACE}"`;

export type Payer = 'BucketOwner' | 'Requester';
export type AccelerateStatus = 'Enabled' | 'Suspended';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketRequestPayment.html @throws Fault MalformedXML */
export function parseRequestPayment(body: Uint8Array | string): Payer {
  const payer = onlyText(body, 'RequestPaymentConfiguration', 'Payer');
  if (payer !== 'BucketOwner' && payer !== 'Requester') throw malformedXml();
  return payer;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketRequestPayment.html */
export function requestPayment(payer: Payer): string {
  return documentOf('RequestPaymentConfiguration', 'Payer', payer);
}

/**
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAccelerateConfiguration.html
 * @throws Fault MalformedXML
 */
export function parseAccelerateConfiguration(body: Uint8Array | string): AccelerateStatus {
  const status = onlyText(body, 'AccelerateConfiguration', 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') throw malformedXml();
  return status;
}

/** Without a status for a bucket that never had one, as at AWS. */
export function accelerateConfiguration(status: AccelerateStatus | undefined): string {
  return documentOf('AccelerateConfiguration', 'Status', status);
}

/** An answer to ListBucket...Configurations for a bucket that can have none. */
export function emptyConfigurationList(
  root:
    | 'ListBucketAnalyticsConfigurationResult'
    | 'ListBucketIntelligentTieringConfigurationsOutput'
    | 'ListInventoryConfigurationsResult'
    | 'ListMetricsConfigurationsResult',
): string {
  return documentOf(root, 'IsTruncated', 'false');
}

function onlyText(body: Uint8Array | string, root: string, name: string): string | undefined {
  const element = parseXml(body, root);
  requireChildren(element, new Set([name]));
  return textOf(element, name)?.trim();
}

function documentOf(root: string, name: string, text: string | undefined): string {
  const writer = createXmlWriter();
  writer.open(root, NAMESPACE);
  writer.leaf(name, text);
  writer.close(root);
  return writer.end();
}
