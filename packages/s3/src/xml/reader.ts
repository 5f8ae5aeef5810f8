import { Fault } from '@sealgate/core/faults';
import { XML_BODY_BYTES_MAX } from '@sealgate/core/limits';
import { SaxesParser } from 'saxes';
import { XML_ATTRIBUTES_MAX, XML_DEPTH_MAX, XML_ELEMENTS_MAX } from '../limits.ts';

/** An element without its namespace and attributes, which say nothing in S3 documents that we read. */
export interface XmlElement {
  readonly name: string;
  /** The text directly in it, not trimmed. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface OpenElement {
  readonly name: string;
  text: string;
  readonly children: OpenElement[];
}

export function malformedXml(cause?: unknown): Fault {
  const message = 'The XML you provided was not well-formed or did not validate against our published schema';
  return new Fault('MalformedXML', message, cause === undefined ? {} : { cause });
}

/**
 * Parses a document strictly: well-formed XML 1.0 in UTF-8, no document type (so no entity but the five of XML), bounded
 * in size, depth and number of elements. Any namespace or none is fine, as at AWS.
 * @param root the name that the root element must have
 * @throws Fault MalformedXML, MissingRequestBodyError (empty), MaxMessageLengthExceeded
 */
export function parseXml(body: Uint8Array | string, root: string): XmlElement {
  if (body.length > XML_BODY_BYTES_MAX) {
    throw new Fault('MaxMessageLengthExceeded', 'Your request was too big.', {
      detail: { MaxMessageLengthBytes: XML_BODY_BYTES_MAX },
    });
  }
  const text = typeof body === 'string' ? body : decodeUtf8(body);
  if (text === '') throw new Fault('MissingRequestBodyError', 'Request body is empty.');
  const element = parseTree(text);
  if (element.name !== root) throw malformedXml();
  return element;
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (error) {
    throw malformedXml(error);
  }
}

function parseTree(text: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true, position: false });
  const stack: OpenElement[] = [];
  let root: OpenElement | undefined;
  let elements = 0;
  let attributes = 0;
  const append = (piece: string): void => {
    const top = stack.at(-1);
    if (top !== undefined) top.text += piece;
  };
  parser.on('error', (error) => {
    throw malformedXml(error);
  });
  parser.on('doctype', () => {
    throw malformedXml();
  });
  parser.on('attribute', () => {
    attributes += 1;
    if (attributes > XML_ATTRIBUTES_MAX) throw malformedXml();
  });
  parser.on('opentag', (tag) => {
    attributes = 0;
    elements += 1;
    if (elements > XML_ELEMENTS_MAX || stack.length >= XML_DEPTH_MAX) throw malformedXml();
    const element: OpenElement = { name: tag.local, text: '', children: [] };
    if (root === undefined) root = element;
    else stack.at(-1)?.children.push(element);
    stack.push(element);
  });
  parser.on('text', append);
  parser.on('cdata', append);
  parser.on('closetag', () => {
    stack.pop();
  });
  parser.write(text).close();
  if (root === undefined) throw malformedXml();
  return root;
}

/** The first child of that name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}

/** The text of the first child of that name. */
export function textOf(element: XmlElement, name: string): string | undefined {
  return childOf(element, name)?.text;
}

/** Every child of that name. */
export function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/**
 * Refuses elements that a schema does not have. Ignoring one could mean to ignore a condition that the client counts on.
 * @throws Fault MalformedXML
 */
export function requireChildren(element: XmlElement, names: ReadonlySet<string>): void {
  for (const child of element.children) if (!names.has(child.name)) throw malformedXml();
}

/** @throws Fault MalformedXML when it is absent or no whole number. */
export function integerOf(element: XmlElement, name: string): number {
  const text = textOf(element, name)?.trim() ?? '';
  if (!/^-?\d{1,15}$/.test(text)) throw malformedXml();
  return Number(text);
}

/** @throws Fault MalformedXML when it is there and neither `true` nor `false`. */
export function booleanOf(element: XmlElement, name: string): boolean | undefined {
  const text = textOf(element, name)?.trim().toLowerCase();
  if (text === undefined) return undefined;
  if (text !== 'true' && text !== 'false') throw malformedXml();
  return text === 'true';
}
