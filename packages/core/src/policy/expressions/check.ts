import type { parse } from '@bufbuild/cel';
import { EXPRESSION_DEPTH_MAX, EXPRESSION_NODES_MAX } from '../../limits.ts';
import { type FactType, factTypes } from './facts.ts';
import { ExpressionProblem } from './problem.ts';

type Parsed = ReturnType<typeof parse>;
type Expr = NonNullable<Parsed['expr']>;
type CallExpr = Extract<Expr['exprKind'], { case: 'callExpr' }>['value'];

/** What an expression was found to be. */
export interface CheckedExpression {
  readonly type: FactType;
  /** Paths of the facts that it asks for. */
  readonly facts: ReadonlySet<string>;
}

/**
 * Types of an expression, from the types of facts down. The language is a part of CEL that ends: no macros over lists, no
 * maps, no functions but the few below, so that an evaluation takes no more steps than the text has nodes.
 * @throws ExpressionProblem
 */
export function checkExpression(parsed: Parsed, text: string): CheckedExpression {
  const facts = new Set<string>();
  const checker = new Checker(parsed, text, facts);
  return { type: checker.typeOf(parsed.expr, 0), facts };
}

const COMPARED: ReadonlySet<FactType> = new Set(['int', 'double', 'string', 'timestamp']);
const isNumber = (type: FactType): boolean => type === 'int' || type === 'double';
const alike = (a: FactType, b: FactType): boolean => a === b || (isNumber(a) && isNumber(b));
const TEXT_METHODS: ReadonlySet<string> = new Set(['startsWith', 'endsWith', 'contains']);

class Checker {
  readonly #parsed: Parsed;
  readonly #text: string;
  readonly #facts: Set<string>;
  #nodes = 0;

  constructor(parsed: Parsed, text: string, facts: Set<string>) {
    this.#parsed = parsed;
    this.#text = text;
    this.#facts = facts;
  }

  typeOf(expr: Expr, depth: number): FactType {
    this.#nodes += 1;
    if (this.#nodes > EXPRESSION_NODES_MAX) this.#refuse(expr, 'it is too long', 'Split it into several rules.');
    if (depth > EXPRESSION_DEPTH_MAX) this.#refuse(expr, 'it is nested too deep', 'Split it into several rules.');
    const { exprKind } = expr;
    switch (exprKind.case) {
      case 'constExpr':
        return this.#constant(expr, exprKind.value.constantKind.case);
      case 'identExpr':
      case 'selectExpr':
        return this.#fact(expr, depth);
      case 'callExpr':
        return this.#call(expr, exprKind.value, depth);
      case 'listExpr':
        return this.#list(expr, exprKind.value.elements, depth);
      case 'comprehensionExpr':
        return this.#refuse(expr, 'loops over lists are not allowed', 'Use `"x" in list` and size().');
      default:
        return this.#refuse(expr, 'maps and messages are not allowed', 'Compare facts with texts, numbers and lists.');
    }
  }

  #constant(expr: Expr, kind: string | undefined): FactType {
    if (kind === 'boolValue') return 'bool';
    if (kind === 'int64Value') return 'int';
    if (kind === 'doubleValue') return 'double';
    if (kind === 'stringValue') return 'string';
    return this.#refuse(expr, 'this kind of value has no place here', 'Use texts, numbers, true and false.');
  }

  #fact(expr: Expr, depth: number): FactType {
    const { exprKind } = expr;
    const path = pathOf(expr);
    if (path === undefined)
      return this.#refuse(expr, 'only facts have members', 'Write a fact such as backend.country.');
    const testOnly = exprKind.case === 'selectExpr' && exprKind.value.testOnly;
    const type = factTypes.get(path);
    if (type !== undefined && type !== 'group') {
      this.#facts.add(path);
      return testOnly ? 'bool' : type;
    }
    const parent = path.slice(0, path.lastIndexOf('.'));
    if (type === undefined && factTypes.get(parent) === 'tags' && exprKind.case === 'selectExpr') {
      if (exprKind.value.operand !== undefined) this.typeOf(exprKind.value.operand, depth + 1);
      return testOnly ? 'bool' : 'string';
    }
    if (type === 'group') return this.#refuse(expr, `${path} is no value`, `Ask for one of ${membersOf(path)}.`);
    const near = membersOf(parent === '' ? undefined : parent);
    return this.#refuse(
      expr,
      `there is no fact ${path}`,
      near === '' ? 'Look at docs/spec/policy.md.' : `There are ${near}.`,
    );
  }

  #list(expr: Expr, elements: readonly Expr[], depth: number): FactType {
    for (const element of elements) {
      if (this.typeOf(element, depth + 1) !== 'string') this.#refuse(element, 'lists hold texts', 'Write ["a", "b"].');
    }
    if (elements.length === 0) this.#refuse(expr, 'an empty list holds nothing', 'Name at least one text.');
    return 'strings';
  }

  #call(expr: Expr, call: CallExpr, depth: number): FactType {
    const { function: name, target } = call;
    if (name === 'timestamp') return this.#timestamp(expr, call);
    const types = [...(target === undefined ? [] : [target]), ...call.args].map((arg) => this.typeOf(arg, depth + 1));
    const [a = 'group', b = 'group', c = 'group'] = types;
    const wrong = (wants: string): never =>
      this.#refuse(expr, `${shown(name)} ${wants}`, `Here it has ${types.join(', ')}.`);
    switch (name) {
      case '_&&_':
      case '_||_':
        return a === 'bool' && b === 'bool' ? 'bool' : wrong('joins conditions');
      case '!_':
        return a === 'bool' ? 'bool' : wrong('turns a condition round');
      case '_?_:_':
        return a === 'bool' && b === c ? b : wrong('takes a condition and two values of one type');
      case '_==_':
      case '_!=_':
        return alike(a, b) && a !== 'tags' && a !== 'group' ? 'bool' : wrong('compares values of one type');
      case '_<_':
      case '_<=_':
      case '_>_':
      case '_>=_':
        return alike(a, b) && COMPARED.has(a) ? 'bool' : wrong('compares numbers, texts or times');
      case '_+_':
      case '_-_':
      case '_*_':
        return a === b && isNumber(a) ? a : wrong('takes two numbers of one kind (write 2.0 beside a price)');
      case '-_':
        return isNumber(a) ? a : wrong('takes a number');
      case '@in':
        return a === 'string' && (b === 'strings' || b === 'tags') ? 'bool' : wrong('looks for a text in a list');
      case '_[_]':
        return a === 'tags' && b === 'string' ? 'string' : wrong('reads a tag by its name');
      case 'size':
        return a === 'string' || a === 'strings' || a === 'tags' ? 'int' : wrong('takes a text or a list');
      default:
        if (!TEXT_METHODS.has(name) || target === undefined) break;
        return a === 'string' && b === 'string' && types.length === 2 ? 'bool' : wrong('takes texts');
    }
    return this.#refuse(
      expr,
      `there is no function ${name.slice(0, 40)}`,
      'There are startsWith, endsWith, contains, size, has and timestamp.',
    );
  }

  #timestamp(expr: Expr, { args, target }: CallExpr): FactType {
    const [only] = args;
    const constant = only?.exprKind.case === 'constExpr' ? only.exprKind.value.constantKind : undefined;
    const text = constant?.case === 'stringValue' ? constant.value : '';
    const valid =
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));
    if (target !== undefined || args.length !== 1 || !valid) {
      this.#refuse(expr, 'timestamp() takes one RFC 3339 text', 'Write timestamp("2027-01-31T00:00:00Z").');
    }
    return 'timestamp';
  }

  #refuse(expr: Expr, what: string, fix: string): never {
    const offset = this.#parsed.sourceInfo?.positions[String(expr.id)] ?? 0;
    const before = this.#text.slice(0, offset).split('\n');
    throw new ExpressionProblem({ what, fix, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 });
  }
}

/** `backend.price.storage` of nested selections; undefined when they start at something else than a name. */
function pathOf(expr: Expr): string | undefined {
  const { exprKind } = expr;
  if (exprKind.case === 'identExpr') return exprKind.value.name;
  if (exprKind.case !== 'selectExpr' || exprKind.value.operand === undefined) return undefined;
  const parent = pathOf(exprKind.value.operand);
  return parent === undefined ? undefined : `${parent}.${exprKind.value.field}`;
}

function membersOf(parent: string | undefined): string {
  const prefix = parent === undefined ? '' : `${parent}.`;
  return [...factTypes.keys()]
    .filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('.'))
    .join(', ');
}

/** `_&&_` as people write it. */
function shown(name: string): string {
  return name.replace(/^@|_/g, '') || name;
}
