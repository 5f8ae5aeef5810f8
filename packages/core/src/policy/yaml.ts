import {
  type Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import { POLICY_BYTES_MAX, POLICY_DEPTH_MAX, POLICY_NODES_MAX } from '../limits.ts';
import { type DocumentPath, policyInvalid } from './problems.ts';

/** A place in the text; both count from 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** Plain data out of a YAML text, and where each part of it stands. */
export interface YamlDocument {
  readonly value: unknown;
  /** Where the value at `path` begins; the nearest parent when it is not there. */
  positionOf(path: DocumentPath): Position;
  /** Where the key `path` itself stands. */
  positionOfKey(path: DocumentPath): Position;
  /** Where the text at `offset` (line and column from 1) of a one-line string value stands. */
  positionInside(path: DocumentPath, offset: Position): Position;
}

/**
 * Reads one YAML 1.2 document of plain data. No aliases, no tags, no merge keys, no duplicate keys; bounded in bytes,
 * nodes and depth.
 * @throws Fault PolicyInvalid
 */
export function readYaml(text: string): YamlDocument {
  if (text.length > POLICY_BYTES_MAX || Buffer.byteLength(text) > POLICY_BYTES_MAX) {
    throw policyInvalid([
      {
        line: 1,
        column: 1,
        path: [],
        what: `it has more than ${POLICY_BYTES_MAX} bytes`,
        fix: 'Split it into several policies.',
      },
    ]);
  }
  refuseDeepFlow(text);
  const lines = new LineCounter();
  const parsed = parse(text, lines);
  const at = (offset: number): Position => toPosition(lines, offset);
  refuseUnsafe(parsed, at);
  return {
    value: parsed.toJS({ maxAliasCount: 0 }),
    positionOf: (path) => at(startOf(nearestNode(parsed, path))),
    positionOfKey: (path) => at(startOf(keyNode(parsed, path) ?? nearestNode(parsed, path))),
    positionInside: (path, offset) => {
      const node = nearestNode(parsed, path);
      const start = at(startOf(node));
      if (!isScalar(node) || offset.line !== 1) return start;
      // A quoted scalar begins one column before its text; the text of a block scalar begins on the next line.
      if (node.type === 'PLAIN') return { line: start.line, column: start.column + offset.column - 1 };
      if (node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE') {
        return { line: start.line, column: start.column + offset.column };
      }
      return { line: start.line + 1, column: offset.column };
    },
  };
}

/** The plain data of a document, its form unchecked. @throws Fault PolicyInvalid */
export function readPolicyDocument(text: string): unknown {
  return readYaml(text).value;
}

function parse(text: string, lineCounter: LineCounter): Document.Parsed {
  let parsed: Document.Parsed;
  try {
    parsed = parseDocument(text, { lineCounter, version: '1.2', schema: 'core', merge: false, prettyErrors: false });
  } catch (error) {
    throw policyInvalid([{ line: 1, column: 1, path: [], what: 'it cannot be read as YAML', fix: '' }], error);
  }
  const problems = [...parsed.errors, ...parsed.warnings];
  if (problems.length > 0) {
    throw policyInvalid(
      problems.map((error: YAMLError) => ({
        ...toPosition(lineCounter, error.pos[0]),
        path: [],
        what: firstLine(error.message),
        fix: 'Mend the YAML.',
      })),
    );
  }
  return parsed;
}

/** The YAML composer is recursive: brackets are counted before it runs. */
function refuseDeepFlow(text: string): void {
  let depth = 0;
  let line = 1;
  for (const character of text) {
    if (character === '\n') line += 1;
    if (character === '[' || character === '{') depth += 1;
    else if ((character === ']' || character === '}') && depth > 0) depth -= 1;
    // Brackets inside strings count too, so the bound is generous.
    if (depth > POLICY_DEPTH_MAX * 8) {
      throw policyInvalid([{ line, column: 1, path: [], what: 'brackets are nested too deep', fix: 'Flatten it.' }]);
    }
  }
}

function refuseUnsafe(parsed: Document.Parsed, at: (offset: number) => Position): void {
  let nodes = 0;
  const refuse = (node: Node, what: string, fix: string): never => {
    throw policyInvalid([{ ...at(startOf(node)), path: [], what, fix }]);
  };
  visit(parsed, {
    Alias: (_key, node) => refuse(node, 'aliases are not allowed', 'Write the value out.'),
    Node: (_key, node, parents) => {
      nodes += 1;
      if (nodes > POLICY_NODES_MAX) refuse(node, `it has more than ${POLICY_NODES_MAX} values`, 'Split it.');
      if (parents.length > POLICY_DEPTH_MAX * 2) refuse(node, 'it is nested too deep', 'Flatten it.');
      if (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:')) {
        refuse(node, 'tags are not allowed', 'Remove the tag.');
      }
    },
  });
}

function nearestNode(parsed: Document.Parsed, path: DocumentPath): Node | null {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = parsed.getIn(path.slice(0, length), true);
    if (isNode(node)) return node;
  }
  return parsed.contents;
}

function keyNode(parsed: Document.Parsed, path: DocumentPath): Node | undefined {
  const parent: unknown = path.length === 1 ? parsed.contents : parsed.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const key = parent.items.find((pair) => isScalar(pair.key) && pair.key.value === path.at(-1))?.key;
  return isNode(key) ? key : undefined;
}

function startOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

function toPosition(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').replace(/[.:]$/, '');
}
