import { Fault } from '@sealgate/core/faults';
import { OBJECT_TAGS_MAX, TAG_KEY_CHARACTERS_MAX, TAG_VALUE_CHARACTERS_MAX } from '../limits.ts';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** Letters, digits and spaces of any script and `_ . : / = + - @`. */
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/**
 * Checks a tag set against the rules of AWS.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
 * @throws Fault InvalidTag
 */
export function validateTags(tags: readonly Tag[], tagsMax: number): readonly Tag[] {
  if (tags.length > tagsMax) throw new Fault('InvalidTag', `Tags cannot be greater than ${tagsMax}`);
  const seen = new Set<string>();
  for (const { key, value } of tags) {
    if (key === '' || key.length > TAG_KEY_CHARACTERS_MAX || !TAG_TEXT.test(key) || key.startsWith('aws:')) {
      throw new Fault('InvalidTag', 'The TagKey you have provided is invalid', { detail: { TagKey: key } });
    }
    if (value.length > TAG_VALUE_CHARACTERS_MAX || !TAG_TEXT.test(value)) {
      throw new Fault('InvalidTag', 'The TagValue you have provided is invalid', { detail: { TagKey: key } });
    }
    if (seen.has(key)) {
      throw new Fault('InvalidTag', 'Cannot provide multiple Tags with the same key', { detail: { TagKey: key } });
    }
    seen.add(key);
  }
  return tags;
}

/**
 * Parses `x-amz-tagging`, which is encoded like a form.
 * @throws Fault InvalidTag, InvalidArgument when it cannot be decoded
 */
export function parseTaggingHeader(value: string): readonly Tag[] {
  if (value === '') return [];
  const tags = value.split('&', OBJECT_TAGS_MAX + 2).map((piece) => {
    const equals = piece.indexOf('=');
    const key = decodePiece(equals === -1 ? piece : piece.slice(0, equals));
    return { key, value: equals === -1 ? '' : decodePiece(piece.slice(equals + 1)) };
  });
  return validateTags(tags, OBJECT_TAGS_MAX);
}

function decodePiece(piece: string): string {
  try {
    return decodeURIComponent(piece.replaceAll('+', ' '));
  } catch {
    throw new Fault(
      'InvalidArgument',
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      { detail: { ArgumentName: 'x-amz-tagging' } },
    );
  }
}
