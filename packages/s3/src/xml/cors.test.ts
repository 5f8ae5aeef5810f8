import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { corsMethods } from '../cors/cors.ts';
import { corsConfiguration, parseCorsConfiguration } from './cors.ts';

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;
const rule = (inner: string): string => `<CORSRule>${inner}</CORSRule>`;
const configuration = (...rules: string[]): string => `<CORSConfiguration>${rules.join('')}</CORSConfiguration>`;
const MINIMAL = '<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>';

test('a configuration is read', () => {
  const body = configuration(
    rule(MINIMAL),
    rule(
      `<ID>r</ID>${MINIMAL}<AllowedMethod>PUT</AllowedMethod><AllowedHeader>x-*</AllowedHeader>` +
        '<ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3000</MaxAgeSeconds>',
    ),
  );
  expect(parseCorsConfiguration(body)).toEqual([
    { allowedOrigins: ['*'], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] },
    {
      id: 'r',
      allowedOrigins: ['*'],
      allowedMethods: ['GET', 'PUT'],
      allowedHeaders: ['x-*'],
      exposeHeaders: ['ETag'],
      maxAgeSeconds: 3000,
    },
  ]);
});

describe('what is refused', () => {
  test.each([
    ['nothing in it', configuration(), 'MalformedXML'],
    ['an unknown element', configuration(rule(`${MINIMAL}<Allow/>`)), 'MalformedXML'],
    ['no origin', configuration(rule('<AllowedMethod>GET</AllowedMethod>')), 'MalformedXML'],
    ['no method', configuration(rule('<AllowedOrigin>*</AllowedOrigin>')), 'MalformedXML'],
    ['a method of no use', configuration(rule(`${MINIMAL}<AllowedMethod>PATCH</AllowedMethod>`)), 'InvalidRequest'],
    ['a method in lower case', configuration(rule(`${MINIMAL}<AllowedMethod>get</AllowedMethod>`)), 'InvalidRequest'],
    ['two wildcards', configuration(rule(`${MINIMAL}<AllowedOrigin>*.*</AllowedOrigin>`)), 'InvalidRequest'],
    ['two in a header', configuration(rule(`${MINIMAL}<AllowedHeader>**</AllowedHeader>`)), 'InvalidRequest'],
    ['an exposed wildcard', configuration(rule(`${MINIMAL}<ExposeHeader>x-*</ExposeHeader>`)), 'InvalidRequest'],
    ['a line end', configuration(rule(`${MINIMAL}<ExposeHeader>a&#13;&#10;b: c</ExposeHeader>`)), 'MalformedXML'],
    ['no number', configuration(rule(`${MINIMAL}<MaxAgeSeconds>soon</MaxAgeSeconds>`)), 'MalformedXML'],
    ['a negative age', configuration(rule(`${MINIMAL}<MaxAgeSeconds>-1</MaxAgeSeconds>`)), 'MalformedXML'],
    ['a long name', configuration(rule(`<ID>${'i'.repeat(256)}</ID>${MINIMAL}`)), 'InvalidArgument'],
    ['too many rules', configuration(...Array.from({ length: 101 }, () => rule(MINIMAL))), 'InvalidRequest'],
    ['an empty body', '', 'MissingRequestBodyError'],
    ['a long one', configuration(rule(MINIMAL), ' '.repeat(65_536)), 'MaxMessageLengthExceeded'],
  ])('%s', (_, body, expected) => {
    expect(() => parseCorsConfiguration(body)).toThrow(code(expected));
  });
});

test('what is written is read again', () => {
  const token = fc.stringMatching(/^[a-z][a-z.-]{0,8}$/);
  const rules = fc.array(
    fc.record(
      {
        id: token,
        allowedOrigins: fc.array(token, { minLength: 1, maxLength: 3 }),
        allowedMethods: fc.subarray([...corsMethods], { minLength: 1 }),
        allowedHeaders: fc.array(token, { maxLength: 3 }),
        exposeHeaders: fc.array(token, { maxLength: 3 }),
        maxAgeSeconds: fc.nat(),
      },
      { requiredKeys: ['allowedOrigins', 'allowedMethods', 'allowedHeaders', 'exposeHeaders'] },
    ),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(
    fc.property(rules, (some) => {
      expect(parseCorsConfiguration(corsConfiguration(some))).toEqual(some);
    }),
  );
});

test('whatever comes, only known faults come out', () => {
  const inner = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(MINIMAL, '<MaxAgeSeconds>', '<ID/>', '&amp;'));
  fc.assert(
    fc.property(fc.array(inner), (pieces) => {
      try {
        parseCorsConfiguration(configuration(rule(pieces.join(''))));
      } catch (error) {
        expect(isFault(error, 'MalformedXML', 'InvalidRequest', 'InvalidArgument')).toBe(true);
      }
    }),
  );
});
