import type { IncomingMessage } from 'node:http';

/** What goes wrong with one request. */
export type Trouble =
  /** Answered at once, before the body is read. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly code?: string;
      readonly headers?: Record<string, string>;
    }
  /** The connection is reset once this many bytes of the request body came in. */
  | { readonly kind: 'reset-request'; readonly afterBytes: number }
  /** No byte of the body is taken, and nothing answered. */
  | { readonly kind: 'stall-request' }
  /** Everything is taken and done, and nothing answered. */
  | { readonly kind: 'stall-answer' }
  /** The answer's body breaks off, or stops, after this many bytes. */
  | { readonly kind: 'reset-answer' | 'stop-answer'; readonly afterBytes: number }
  /** Done, but the connection is reset instead of an answer. */
  | { readonly kind: 'lose-answer' }
  /** Says that it stored the object and does not. */
  | { readonly kind: 'lie' }
  /** Stores the object with one bit turned over. */
  | { readonly kind: 'corrupt' }
  /** Answers with these headers in place of its own. */
  | { readonly kind: 'headers'; readonly headers: Record<string, string> };

export interface Rule {
  readonly method?: string;
  /** Of path and query. */
  readonly target?: RegExp;
  /** How many requests it strikes; without it, all. */
  readonly times?: number;
  readonly trouble: Trouble;
}

export interface Interference {
  add(rule: Rule): void;
  clear(): void;
  strike(request: IncomingMessage): Trouble | undefined;
}

export function createInterference(): Interference {
  let rules: { readonly rule: Rule; left: number }[] = [];
  return {
    add: (rule) => void rules.push({ rule, left: rule.times ?? Number.POSITIVE_INFINITY }),
    clear: () => {
      rules = [];
    },
    strike(request) {
      const hit = rules.find(({ rule, left }) => {
        const method = rule.method === undefined || rule.method === request.method;
        return left > 0 && method && (rule.target?.test(request.url ?? '') ?? true);
      });
      if (hit === undefined) return undefined;
      hit.left -= 1;
      return hit.rule.trouble;
    },
  };
}
