/** What a policy variable or a condition key stands for in one request; undefined when the request has no such value. */
export type Lookup = (key: string) => readonly string[] | undefined;

/** A piece of a pattern with variables: text with wildcards, text without, or a variable. */
type Piece =
  | { readonly kind: 'wild'; readonly text: string }
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'variable'; readonly key: string; readonly fallback: string | undefined };

/** Text with `*` (any run of characters) and `?` (any one), and `${…}` variables where the policy's version knows them. */
export interface Pattern {
  readonly text: string;
  /** Undefined: no variables, `text` is all there is. */
  readonly pieces: readonly Piece[] | undefined;
}

const VARIABLE = /\$\{([^{}]*)\}/g;
/** `key` or `key, 'fallback'` */
const VARIABLE_FORM = /^\s*([^,'\s]+)\s*(?:,\s*'([^']*)'\s*)?$/;
/** `${*}`, `${?}` and `${$}` mean the character itself. */
const ESCAPES = new Set(['*', '?', '$']);

/** @returns undefined when a variable is not well-formed */
export function compilePattern(text: string, variables: boolean): Pattern | undefined {
  if (!variables || !text.includes('${')) return { text, pieces: undefined };
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(VARIABLE)) {
    pieces.push({ kind: 'wild', text: text.slice(end, match.index) });
    end = match.index + match[0].length;
    const inner = match[1] ?? '';
    if (ESCAPES.has(inner)) {
      pieces.push({ kind: 'literal', text: inner });
      continue;
    }
    const form = VARIABLE_FORM.exec(inner);
    if (form === null) return undefined;
    pieces.push({ kind: 'variable', key: form[1] ?? '', fallback: form[2] });
  }
  pieces.push({ kind: 'wild', text: text.slice(end) });
  return { text, pieces };
}

export const hasVariables = (pattern: Pattern): boolean =>
  pattern.pieces?.some((piece) => piece.kind === 'variable') ?? false;

/** True when the pattern can match one text only. */
export const isFixed = (pattern: Pattern): boolean =>
  pattern.pieces === undefined ? !/[*?]/.test(pattern.text) : false;

/**
 * Whether `value` fits. A value that a variable stands for counts literally, wildcards in it too. A variable without a
 * value makes the pattern fit nothing.
 */
export function matchesPattern(pattern: Pattern, value: string, lookup: Lookup): boolean {
  if (pattern.pieces === undefined) return matchesWildcards(pattern.text, value);
  const atoms: string[] = [];
  for (const piece of pattern.pieces) {
    if (piece.kind === 'wild') atoms.push(...piece.text.split(''));
    else {
      const text = piece.kind === 'literal' ? piece.text : (lookup(piece.key)?.[0] ?? piece.fallback);
      if (text === undefined) return false;
      atoms.push(...text.split('').map((c) => (c === '*' || c === '?' ? `=${c}` : c)));
    }
  }
  return matchesWildcards(atoms, value);
}

/** The text that a pattern without wildcards stands for (`StringEquals` knows variables, but no wildcards). */
export function resolveText(pattern: Pattern, lookup: Lookup): string | undefined {
  if (pattern.pieces === undefined) return pattern.text;
  let resolved = '';
  for (const piece of pattern.pieces) {
    const text = piece.kind === 'variable' ? (lookup(piece.key)?.[0] ?? piece.fallback) : piece.text;
    if (text === undefined) return undefined;
    resolved += text;
  }
  return resolved;
}

/**
 * Glob matching that goes back to the last `*` only, so it takes at most |pattern| × |value| steps.
 * @param pattern characters; an atom of two, `=*` or `=?`, is that character itself
 */
export function matchesWildcards(pattern: ArrayLike<string>, value: string): boolean {
  let p = 0;
  let v = 0;
  let star = -1;
  let retry = 0;
  while (v < value.length) {
    const atom = pattern[p];
    if (atom === '*') {
      star = p;
      retry = v;
      p += 1;
    } else if (atom !== undefined && (atom === '?' || atom.at(-1) === value[v])) {
      p += 1;
      v += 1;
    } else if (star !== -1) {
      p = star + 1;
      retry += 1;
      v = retry;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
