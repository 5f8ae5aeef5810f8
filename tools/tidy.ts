// The budgets of readability, kept by a test: size of functions and files, leftovers, suppressions with a reason.
import { readFileSync } from 'node:fs';
import ts from 'typescript';

export const FUNCTION_LINES_MAX = 70;
export const FILE_LINES_MAX = 400;
/** Tests and tables may be longer, but nobody reads more than this. */
export const FILE_LINES_HARD_MAX = 600;

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly rule: 'function-lines' | 'file-lines' | 'leftover' | 'any' | 'suppression' | 'machine-path';
  readonly text: string;
}

const LEFTOVER = /\b(TODO|FIXME|XXX|HACK)\b|\.(only|todo)\(/;
const SUPPRESSION = /(eslint-disable[\w-]*|@ts-expect-error|@ts-ignore|@ts-nocheck|biome-ignore)(.*)/;
const MACHINE_PATH = /(?<![\w.])\/(root|home\/\w+|work)\//;

/** All findings of one source. `isTest` allows the hard limit for files and long suites. */
export function inspectSource(file: string, text: string): Finding[] {
  const findings: Finding[] = [];
  // A contract suite is a test that several packages run.
  const isTest = file.endsWith('.test.ts') || file.includes('/contracts/');
  const lines = text.split('\n');
  const fileMax = isTest ? FILE_LINES_HARD_MAX : FILE_LINES_MAX;
  if (lines.length - 1 > fileMax) {
    findings.push({ file, line: 1, rule: 'file-lines', text: `${lines.length - 1} lines, at most ${fileMax}` });
  }
  for (const [index, line] of lines.entries()) findings.push(...inspectLine(file, index + 1, line));
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) {
      findings.push({ file, line: lineOf(source, node.getStart()), rule: 'any', text: 'the type any' });
    }
    if (!isTest && isFunction(node)) {
      const size = lineOf(source, node.end) - lineOf(source, node.getStart()) + 1;
      if (size > FUNCTION_LINES_MAX && !isFactory(node)) {
        const name = functionName(node);
        findings.push({
          file,
          line: lineOf(source, node.getStart()),
          rule: 'function-lines',
          text: `${name} has ${size} lines, at most ${FUNCTION_LINES_MAX}`,
        });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return findings;
}

function inspectLine(file: string, line: number, text: string): Finding[] {
  const findings: Finding[] = [];
  const leftover = LEFTOVER.exec(text);
  if (leftover) findings.push({ file, line, rule: 'leftover', text: leftover[0] });
  const suppression = SUPPRESSION.exec(text);
  if (suppression && !/(--|:)\s*\S{3,}/.test(suppression[2] ?? '')) {
    findings.push({ file, line, rule: 'suppression', text: `${suppression[1] ?? ''} without a reason` });
  }
  if (MACHINE_PATH.test(text)) findings.push({ file, line, rule: 'machine-path', text: text.trim().slice(0, 80) });
  return findings;
}

function lineOf(source: ts.SourceFile, position: number): number {
  return source.getLineAndCharacterOfPosition(position).line + 1;
}

function isFunction(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isConstructorDeclaration(node)
  );
}

function functionName(node: ts.FunctionLikeDeclaration): string {
  if (node.name) return node.name.getText();
  return ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : 'a function';
}

/**
 * A `createX` that only gathers closures is a module, not a procedure: the functions in it are measured one by one.
 * The file limit bounds it.
 */
function isFactory(node: ts.FunctionLikeDeclaration): boolean {
  return /^(create|make|open|describe)[A-Z]/.test(functionName(node));
}

/** The findings of files on disk. */
export function inspectFiles(files: readonly string[]): Finding[] {
  return files.flatMap((file) => inspectSource(file, readFileSync(file, 'utf8')));
}
