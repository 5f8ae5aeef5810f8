import { Fault } from '@sealgate/core/faults';
import type { RequestHeaders } from '../request.ts';
import type { FormFields } from './authorization.ts';

/** The name of the file may come with its path from old browsers; only its last piece is meant. */
export function fileNameOf(sent: string): string {
  return sent.slice(Math.max(sent.lastIndexOf('/'), sent.lastIndexOf('\\')) + 1);
}

/** Puts the file's name in wherever a field says `${filename}`, but for those that are signed as they stand. */
export function withFileName(fields: FormFields, fileName: string): FormFields {
  const replaced = [...fields].map(([name, value]): [string, string] =>
    name === 'policy' ? [name, value] : [name, value.replaceAll('${filename}', () => fileName)],
  );
  return new Map(replaced);
}

/** Fields that are headers of an upload under their own names. */
const PLAIN: ReadonlySet<string> = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-type',
  'expires',
]);

/** Fields of the form itself, which no header of an upload may come from. */
const NOT_HEADERS: ReadonlySet<string> = new Set([
  'x-amz-algorithm',
  'x-amz-content-sha256',
  'x-amz-copy-source',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-signature',
]);

const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]{1,256}$/;
/** What a header value may not have: control characters but the tab. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/**
 * The headers that a PUT of the same object would have, as on the wire (one character a byte): what else reads headers
 * then knows of forms without being told.
 * @throws Fault InvalidArgument for what could never be a header, and would break the answers that repeat it
 */
export function headersOfForm(fields: FormFields): RequestHeaders {
  const headers = Object.create(null) as Record<string, string>;
  for (const [name, text] of fields) {
    const header = name === 'acl' ? 'x-amz-acl' : name;
    if (!isHeader(header)) continue;
    const value = text.trim();
    if (!FIELD_NAME.test(header) || UNSAFE.test(value)) {
      throw new Fault('InvalidArgument', 'The field cannot be a header of the object.', {
        detail: { ArgumentName: name.slice(0, 128) },
      });
    }
    headers[header] = Buffer.from(value, 'utf8').toString('latin1');
  }
  return headers;
}

function isHeader(name: string): boolean {
  if (PLAIN.has(name)) return true;
  return (name.startsWith('x-amz-') || name.startsWith('x-sealgate-')) && !NOT_HEADERS.has(name);
}
