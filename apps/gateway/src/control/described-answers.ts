// For tests: holds what a control listener answers against its own OpenAPI document.
import { z } from 'zod';

type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Json }>> }>
  >;
}

interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

export interface SeenAnswer {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
  /** The media type, undefined without one. */
  readonly type: string | undefined;
  readonly text: string;
}

/** Throws when an answer is none that the document describes: another status, media type, member or type of a member. */
export type AnswerCheck = (answer: SeenAnswer) => void;

const LOCAL = '#/components/schemas/';

export function createAnswerCheck(document: unknown): AnswerCheck {
  const { paths, components } = document as Described;
  const templates = Object.entries(paths)
    .map(([template, operations]) => ({ template, operations, pattern: patternOf(template) }))
    // A path of fixed words goes before one with parameters in their place.
    .sort((a, b) => a.template.split('{').length - b.template.split('{').length);
  const parsers = new WeakMap<Json, z.ZodType>();
  const parserOf = (schema: Json): z.ZodType => {
    const { $ref: reference } = schema;
    const whole = typeof reference === 'string' ? (components.schemas[reference.slice(LOCAL.length)] ?? {}) : schema;
    const made = parsers.get(whole) ?? z.fromJSONSchema(whole);
    parsers.set(whole, made);
    return made;
  };
  return (answer) => {
    const path = new URL(answer.path, 'http://gateway').pathname.replace(/(.)\/$/, '$1');
    const found = templates.find(
      ({ pattern, operations }) => pattern.test(path) && methodIn(operations, answer.method),
    );
    const wrong =
      found === undefined
        ? wrongWithoutCall(answer)
        : wrongAnswer(methodIn(found.operations, answer.method), answer, parserOf);
    if (wrong === undefined) return;
    throw new Error(
      `${answer.method} ${path} answered ${answer.status} ${answer.type}: ${wrong}\n${answer.text.slice(0, 2000)}`,
    );
  };
}

function patternOf(template: string): RegExp {
  const escaped = template.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&');
  // The key of an object has slashes.
  return new RegExp(`^${escaped.replaceAll('{key}', '.+').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}

function methodIn(operations: Readonly<Record<string, Operation>>, method: string): Operation | undefined {
  const lower = method.toLowerCase();
  return operations[lower] ?? (lower === 'head' ? operations['get'] : undefined);
}

/** Nothing is described there: then nothing but a problem comes from there. */
function wrongWithoutCall({ status, type }: SeenAnswer): string | undefined {
  return status >= 400 && type === 'application/problem+json' ? undefined : 'no such call is described';
}

function wrongAnswer(
  operation: Operation | undefined,
  { method, status, type, text }: SeenAnswer,
  parserOf: (schema: Json) => z.ZodType,
): string | undefined {
  const response = operation?.responses[String(status)] ?? (status < 400 ? undefined : operation?.responses['default']);
  if (response === undefined) return 'the status is not described';
  if (method === 'HEAD') return undefined;
  const { content } = response;
  if (content === undefined) return text === '' ? undefined : 'no body is described';
  const media = Object.entries(content).find(([name]) => name.split(';')[0] === type)?.[1];
  if (media === undefined) return `only ${Object.keys(content).join(', ')} is described`;
  if (type?.endsWith('json') !== true) return undefined;
  const parsed = parserOf(media.schema).safeParse(JSON.parse(text));
  return parsed.success ? undefined : z.prettifyError(parsed.error);
}
