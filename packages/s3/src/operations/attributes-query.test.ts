import { describe, expect, test } from 'vitest';
import { parseObjectAttributesQuery } from './attributes-query.ts';

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

describe('what attributes are asked for', () => {
  test('names, in one header or several', () => {
    const { attributes, ...page } = parseObjectAttributesQuery({
      'x-amz-object-attributes': ['ETag, ObjectSize', 'ObjectParts'],
    });
    expect([...attributes]).toEqual(['ETag', 'ObjectSize', 'ObjectParts']);
    expect(page).toEqual({ maxParts: 1000, partNumberMarker: 0 });
  });

  test('a page of parts', () => {
    const headers = {
      'x-amz-object-attributes': 'ObjectParts',
      'x-amz-max-parts': '5000',
      'x-amz-part-number-marker': '7',
    };
    expect(parseObjectAttributesQuery(headers)).toMatchObject({ maxParts: 1000, partNumberMarker: 7 });
    expect(parseObjectAttributesQuery({ ...headers, 'x-amz-max-parts': '0' })).toMatchObject({ maxParts: 0 });
  });

  test.each([
    [{}, 'InvalidRequest'],
    [{ 'x-amz-object-attributes': ' , ' }, 'InvalidRequest'],
    [{ 'x-amz-object-attributes': 'etag' }, 'InvalidArgument'],
    [{ 'x-amz-object-attributes': 'ETag', 'x-amz-max-parts': '-1' }, 'InvalidArgument'],
    [{ 'x-amz-object-attributes': 'ETag', 'x-amz-max-parts': '9999999999' }, 'InvalidArgument'],
    [{ 'x-amz-object-attributes': 'ETag', 'x-amz-part-number-marker': 'x' }, 'InvalidArgument'],
  ])('%j is refused: %s', (headers, expected) => {
    expect(() => parseObjectAttributesQuery(headers)).toThrow(code(expected));
  });
});
