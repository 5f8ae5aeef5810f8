import { Fault } from '../faults/index.ts';
import { ACCESS_POLICY_BYTES_MAX, ACCESS_POLICY_DEPTH_MAX } from '../limits.ts';

export function malformedPolicy(message: string, cause?: unknown): Fault {
  return new Fault('MalformedPolicy', message, cause === undefined ? {} : { cause });
}

/** Strings (with what follows them, when that makes them a member's name) and the ends of nests. */
const TOKENS = /"(?:[^"\\]|\\.)*"(?=[ \t\r\n]*(:?))|[{}[\]]/g;

/**
 * JSON as a policy may have it: bounded in size and depth, and no member twice in one object. JSON parsers disagree on
 * which of two members counts, so a reviewer could read another policy than the one that is enforced.
 * @throws Fault MalformedPolicy
 */
export function parseStrictJson(text: string): unknown {
  if (text.length > ACCESS_POLICY_BYTES_MAX || new TextEncoder().encode(text).length > ACCESS_POLICY_BYTES_MAX) {
    throw malformedPolicy(`Policy exceeds the maximum allowed document size of ${ACCESS_POLICY_BYTES_MAX} bytes.`);
  }
  if (!text.trimStart().startsWith('{')) {
    throw malformedPolicy("Policies must be valid JSON and the first byte must be '{'");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformedPolicy('This policy contains invalid Json', error);
  }
  requireUniqueMembers(text);
  return value;
}

/** `text` is valid JSON. */
function requireUniqueMembers(text: string): void {
  const open: Set<string>[] = [];
  for (const [token, colon] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') {
      open.push(new Set());
      if (open.length > ACCESS_POLICY_DEPTH_MAX) throw malformedPolicy('The policy is nested too deeply.');
    } else if (token === '}' || token === ']') {
      open.pop();
    } else if (colon === ':') {
      const name = JSON.parse(token) as string;
      if (open.at(-1)?.has(name) === true) throw malformedPolicy(`This policy contains a duplicate member: ${name}`);
      open.at(-1)?.add(name);
    }
  }
}
