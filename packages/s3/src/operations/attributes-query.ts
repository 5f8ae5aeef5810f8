import { Fault } from '@sealgate/core/faults';
import { LIST_KEYS_MAX } from '@sealgate/core/limits';
import { PAGE_ARGUMENT_MAX } from '../limits.ts';
import { headerValue, type RequestHeaders } from '../request.ts';

export const objectAttributeNames = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'] as const;
export type ObjectAttributeName = (typeof objectAttributeNames)[number];

/** What a GetObjectAttributes request asks for. It is all in headers. */
export interface ObjectAttributesQuery {
  readonly attributes: ReadonlySet<ObjectAttributeName>;
  readonly maxParts: number;
  readonly partNumberMarker: number;
}

/**
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
 * @throws Fault InvalidRequest (no attribute), InvalidArgument
 */
export function parseObjectAttributesQuery(headers: RequestHeaders): ObjectAttributesQuery {
  const names = (headerValue(headers, 'x-amz-object-attributes') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0) {
    throw new Fault(
      'InvalidRequest',
      'The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty',
    );
  }
  return {
    attributes: new Set(names.map(attributeName)),
    maxParts: Math.min(pageHeader(headers, 'x-amz-max-parts', LIST_KEYS_MAX), LIST_KEYS_MAX),
    partNumberMarker: pageHeader(headers, 'x-amz-part-number-marker', 0),
  };
}

function attributeName(text: string): ObjectAttributeName {
  const name = objectAttributeNames.find((known) => known === text);
  if (name !== undefined) return name;
  throw invalid('x-amz-object-attributes', text, 'Invalid attribute name specified.');
}

function pageHeader(headers: RequestHeaders, name: string, fallback: number): number {
  const text = headerValue(headers, name)?.trim() ?? '';
  if (text === '') return fallback;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= PAGE_ARGUMENT_MAX) return value;
  throw invalid(name, text, `Provided ${name} not an integer or within integer range`);
}

function invalid(name: string, value: string, message: string): Fault {
  return new Fault('InvalidArgument', message, { detail: { ArgumentName: name, ArgumentValue: value.slice(0, 128) } });
}
