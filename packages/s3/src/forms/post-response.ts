import { quoteEtag } from '../xml/shared.ts';
import { createXmlWriter } from '../xml/writer.ts';

export interface PostResponse {
  /** URL of the object. */
  readonly location: string;
  readonly bucket: string;
  readonly key: string;
  /** Without quotes. */
  readonly etag: string;
}

/** The body of a form upload's answer 201. @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html */
export function postResponse(result: PostResponse): string {
  const writer = createXmlWriter();
  writer.open('PostResponse');
  writer.leaf('Location', result.location);
  writer.leaf('Bucket', result.bucket);
  writer.leaf('Key', result.key);
  writer.leaf('ETag', quoteEtag(result.etag));
  writer.close('PostResponse');
  return writer.end();
}

/**
 * Where a browser goes after the upload; undefined when the form's address is none, which S3 then takes as not given.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
 */
export function successRedirect(address: string | undefined, result: PostResponse): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  const added = new URLSearchParams({ bucket: result.bucket, key: result.key, etag: quoteEtag(result.etag) });
  url.search = url.search === '' ? `?${added.toString()}` : `${url.search}&${added.toString()}`;
  return url.href;
}
