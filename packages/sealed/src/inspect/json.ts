import { SealError } from '../format/codes.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** @throws SealError `malformed-envelope` */
export function parseJsonObject(text: string, name: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SealError('malformed-envelope', `${name} is not JSON.`, { cause });
  }
  return requireObject(value, name);
}

/** @throws SealError `malformed-envelope` */
export function requireObject(value: unknown, name: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SealError('malformed-envelope', `${name} is not an object.`);
  }
  return value as JsonObject;
}

/** @throws SealError `malformed-envelope` */
export function requireString(object: JsonObject, name: string): string {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  if (typeof value !== 'string') throw new SealError('malformed-envelope', `${name} is not a string.`);
  return value;
}

/** What is not known is not ignored: it could mean something to another reader. @throws SealError `malformed-envelope` */
export function onlyMembers(object: JsonObject, allowed: readonly string[], name: string): void {
  if (Object.keys(object).some((member) => !allowed.includes(member))) {
    throw new SealError('malformed-envelope', `${name} has an unknown member.`);
  }
}
