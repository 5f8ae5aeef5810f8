/** The namespace of every S3 document but `Error`. */
export const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** Writes one XML document. Names are trusted (they come from this package); text is escaped. */
export interface XmlWriter {
  /** `attributes` is put behind the name as it is. */
  open(name: string, attributes?: string): void;
  close(name: string): void;
  /** An element with text, `<name/>` when the text is empty. Undefined leaves the element out. */
  leaf(name: string, text: string | number | boolean | undefined): void;
  /** A {@link leaf} with its text in quotation marks, as ETags are shown. */
  quoted(name: string, text: string): void;
  /** A {@link leaf} with attributes. */
  leafWith(name: string, attributes: string, text: string): void;
  /** The document. */
  end(): string;
}

const SPECIAL = /[&<>"\u0000-\u001f\u007f-\u009f\ufffe\uffff]/;
const SPECIAL_ALL = /[&<>"\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g;
const NAMED: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ['\t', '\t'],
  ['\n', '\n'],
]);

/**
 * Text for XML. Characters that XML 1.0 forbids become character references, as AWS writes them: the document is then
 * not well-formed, and a client that has such keys asks for `encoding-type=url`.
 */
export function escapeXml(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text.replace(SPECIAL_ALL, (c) => NAMED.get(c) ?? `&#x${c.charCodeAt(0).toString(16)};`);
}

export function createXmlWriter(): XmlWriter {
  let document = '<?xml version="1.0" encoding="UTF-8"?>\n';
  return {
    open(name, attributes) {
      document += attributes === undefined ? `<${name}>` : `<${name} ${attributes}>`;
    },
    close(name) {
      document += `</${name}>`;
    },
    leaf(name, text) {
      if (text === undefined) return;
      const escaped = typeof text === 'string' ? escapeXml(text) : String(text);
      document += escaped === '' ? `<${name}/>` : `<${name}>${escaped}</${name}>`;
    },
    quoted(name, text) {
      document += `<${name}>&quot;${escapeXml(text)}&quot;</${name}>`;
    },
    leafWith(name, attributes, text) {
      document += text === '' ? `<${name} ${attributes}/>` : `<${name} ${attributes}>${escapeXml(text)}</${name}>`;
    },
    end: () => document,
  };
}
