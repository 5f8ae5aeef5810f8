/** One rule of a bucket's cross-origin configuration, checked. */
export interface CorsRule {
  readonly id?: string;
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly CorsMethod[];
  /** As configured; they match without regard to case. */
  readonly allowedHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds?: number;
}

export const corsMethods = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'] as const;
export type CorsMethod = (typeof corsMethods)[number];

export interface CorsRequest {
  readonly origin: string;
  /** Of `Access-Control-Request-Method`, or the request's own. */
  readonly method: string;
  /** Of a preflight: the names in `Access-Control-Request-Headers`. */
  readonly requestHeaders?: readonly string[];
}

/**
 * What differs by origin or by what a preflight asks must not be served from a cache to another; a bucket with rules says
 * so on every answer, for the one without an Origin may be the first that a cache sees.
 */
export const CORS_VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method';

/** The first rule that allows the request. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html */
export function matchCors(rules: readonly CorsRule[], request: CorsRequest): CorsRule | undefined {
  return rules.find(
    (rule) =>
      rule.allowedMethods.some((method) => method === request.method) &&
      rule.allowedOrigins.some((pattern) => matchesPattern(pattern, request.origin)) &&
      (request.requestHeaders ?? []).every((name) => allowsHeader(rule, name)),
  );
}

function allowsHeader(rule: CorsRule, name: string): boolean {
  return rule.allowedHeaders.some((pattern) => matchesPattern(pattern.toLowerCase(), name.toLowerCase()));
}

/** At most one `*`, which stands for any characters or none. */
function matchesPattern(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star === -1) return pattern === text;
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail);
}

/**
 * The headers that tell a browser what a matching rule allows. `*` is answered only for a rule that lists it as such;
 * any other rule names the origin and allows credentials, as AWS does.
 */
export function corsHeaders(rule: CorsRule, request: CorsRequest): Record<string, string> {
  const any = rule.allowedOrigins.includes('*');
  const { requestHeaders = [] } = request;
  return {
    'access-control-allow-origin': any ? '*' : request.origin,
    ...(any ? {} : { 'access-control-allow-credentials': 'true' }),
    'access-control-allow-methods': rule.allowedMethods.join(', '),
    ...(requestHeaders.length === 0 ? {} : { 'access-control-allow-headers': requestHeaders.join(', ').toLowerCase() }),
    ...(rule.exposeHeaders.length === 0 ? {} : { 'access-control-expose-headers': rule.exposeHeaders.join(', ') }),
    ...(rule.maxAgeSeconds === undefined ? {} : { 'access-control-max-age': String(rule.maxAgeSeconds) }),
  };
}

/** The names of `Access-Control-Request-Headers`. */
export function parseRequestHeaders(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
