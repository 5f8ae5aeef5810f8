import { isFault } from '@sealgate/core/faults';
import { XML_BODY_BYTES_MAX } from '@sealgate/core/limits';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childrenOf, parseXml, textOf } from './reader.ts';
import { createXmlWriter, escapeXml } from './writer.ts';

/** Any UTF-16 code unit of the first nine thousand: control characters, Latin-1, more; no surrogates. */
const anyCharacter = fc.integer({ min: 0, max: 0x23ff }).map((unit) => String.fromCharCode(unit));

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

describe('what is read', () => {
  test.each([
    '<a><b>1</b></a>',
    '<?xml version="1.0" encoding="UTF-8"?>\n<a xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><b>1</b></a>\n',
    '<n:a xmlns:n="urn:x"><n:b x="y">1</n:b></n:a>',
    '<a><!-- c --><b><![CDATA[1]]></b><?pi?></a>',
    '\ufeff<a><b>&#49;</b></a>',
    '<a ><b\n>&#x31;</b ></a >',
  ])('%j', (text) => {
    expect(textOf(parseXml(text, 'a'), 'b')).toBe('1');
    expect(textOf(parseXml(Buffer.from(text), 'a'), 'b')).toBe('1');
  });

  test('text is not trimmed, entities are the five of XML', () => {
    expect(parseXml('<a> &lt;&gt;&amp;&quot;&apos; ünï </a>', 'a').text).toBe(' <>&"\' ünï ');
  });

  test('names that JavaScript keeps for itself are names', () => {
    const root = parseXml('<a><__proto__>1</__proto__><constructor>2</constructor></a>', 'a');
    expect(textOf(root, '__proto__')).toBe('1');
    expect(childrenOf(root, 'constructor')).toHaveLength(1);
    expect(textOf(root, 'toString')).toBeUndefined();
  });
});

describe('what is refused', () => {
  test.each([
    ['<b/>', 'another root'],
    ['<a>', 'no end'],
    ['<a/><a/>', 'two roots'],
    ['<a/>x', 'text behind'],
    ['x<a/>', 'text in front'],
    ['<a><b></a></b>', 'wrong nesting'],
    ['<a>1 & 2</a>', 'a bare ampersand'],
    ['<a>&foo;</a>', 'an unknown entity'],
    ['<a>&#x0;</a>', 'a character that is none'],
    ['<a>\u0001</a>', 'a control character'],
    ['<a b=c/>', 'an unquoted attribute'],
    ['<a b="1" b="2"/>', 'an attribute twice'],
    ['<n:a/>', 'an unbound prefix'],
    ['<!DOCTYPE a><a/>', 'a document type'],
    ['<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 'an entity of its own'],
    ['<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', 'an outside document type'],
    [`${'<a>'.repeat(17)}${'</a>'.repeat(17)}`, 'depth'],
    ['{}', 'JSON'],
  ])('%.40j: %s', (text) => {
    expect(() => parseXml(text, 'a')).toThrow(code('MalformedXML'));
  });

  test('too many attributes of one element', () => {
    const element = (count: number): string =>
      `<a${Array.from({ length: count }, (_, i) => ` b${i}=""`).join('')}></a>`;
    expect(parseXml(element(16), 'a').text).toBe('');
    expect(() => parseXml(element(17), 'a')).toThrow(code('MalformedXML'));
  });

  test('too many elements', () => {
    expect(() => parseXml(`<a>${'<b/>'.repeat(150_001)}</a>`, 'a')).toThrow(code('MalformedXML'));
  });

  test('what is no UTF-8', () => {
    expect(() => parseXml(Buffer.from('<a>\xff</a>', 'latin1'), 'a')).toThrow(code('MalformedXML'));
    expect(() => parseXml(Buffer.from('<a/>', 'utf16le'), 'a')).toThrow(code('MalformedXML'));
  });

  test('nothing, and too much', () => {
    expect(() => parseXml('', 'a')).toThrow(code('MissingRequestBodyError'));
    expect(() => parseXml(Buffer.alloc(XML_BODY_BYTES_MAX + 1, ' '), 'a')).toThrow(code('MaxMessageLengthExceeded'));
  });
});

test('fuzz: only a Fault comes out', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '<a>',
      '</a>',
      '<a',
      '/>',
      '<b>',
      '</b>',
      '&',
      '&amp;',
      '&#',
      ';',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '<?',
      '?>',
      ' x="',
      '"',
      'xmlns:n="u"',
      '<!DOCTYPE',
    ),
    fc.string({ unit: anyCharacter, maxLength: 4 }),
  );
  const run = (body: string | Uint8Array): void => {
    try {
      parseXml(body, 'a');
    } catch (error) {
      expect(isFault(error)).toBe(true);
    }
  };
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 15 }), fc.uint8Array(), (pieces, bytes) => {
      run(pieces.join(''));
      run(`<a>${pieces.join('')}</a>`);
      run(bytes);
    }),
    { numRuns: 2000 },
  );
});

describe('what is written', () => {
  test('is read back', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: anyCharacter }).filter((text) => text.isWellFormed()),
        (text) => {
          // XML 1.0 cannot carry most control characters at all; see encoding-type.
          fc.pre(!/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text));
          const writer = createXmlWriter();
          writer.open('a');
          writer.leaf('b', text);
          writer.close('a');
          expect(textOf(parseXml(writer.end(), 'a'), 'b')).toBe(text);
        },
      ),
    );
  });

  test('forbidden characters become references, as at AWS', () => {
    expect(escapeXml('a\u0001b\rc\u007f\ufffe')).toBe('a&#x1;b&#xd;c&#x7f;&#xfffe;');
    expect(escapeXml(`<&>"'\t\n`)).toBe(`&lt;&amp;&gt;&quot;'\t\n`);
  });

  test('leaves', () => {
    const writer = createXmlWriter();
    writer.leaf('a', '');
    writer.leaf('b', undefined);
    writer.leaf('c', 0);
    writer.leaf('d', false);
    writer.leafWith('e', 'x="y"', '');
    writer.leafWith('e', 'x="y"', '<');
    expect(writer.end()).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<a/><c>0</c><d>false</d><e x="y"/><e x="y">&lt;</e>',
    );
  });
});
