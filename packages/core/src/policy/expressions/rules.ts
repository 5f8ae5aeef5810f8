import type { Backend } from '../../ports/index.ts';
import { type Condition, compileCondition } from './expression.ts';
import { type BucketFacts, backendFacts, bucketFacts, requestFacts, timeFacts, type WriteFacts } from './facts.ts';

/** A rule as the document writes it: exactly one of `allow` and `deny`. */
export interface RuleDocument {
  readonly name: string;
  readonly allow?: string | undefined;
  readonly deny?: string | undefined;
  readonly reason?: string | undefined;
}

/** What a rule is asked in: what is not given is not known. */
export interface Situation {
  readonly bucket?: BucketFacts | undefined;
  readonly atMs?: number | undefined;
}

/** One compiled `allow` or `deny`. */
export interface ExpressionRule {
  /** `rules.<name>` */
  readonly name: string;
  readonly condition: Condition;
  readonly allows: boolean;
  readonly reason: string;
}

/** @throws ExpressionProblem */
export function compileRule(rule: RuleDocument): ExpressionRule {
  const { name, allow, deny } = rule;
  const text = allow ?? deny ?? '';
  const reason = rule.reason ?? (allow === undefined ? `not when ${text}` : `only when ${text}`);
  return { name: `rules.${name}`, condition: compileCondition(text), allows: allow !== undefined, reason };
}

/** True for a rule about places; one that never asks for a backend is about writes as a whole. */
export function isAboutBackends({ condition }: ExpressionRule): boolean {
  return condition.subjects.has('backend');
}

/** Why a rule refuses a backend; undefined when it does not. A fact that is not known refuses. */
export function createBackendJudge(
  rule: ExpressionRule,
): (backend: Backend, situation: Situation) => string | undefined {
  const { subjects } = rule.condition;
  const judge = (backend: Backend, situation: Situation): string | undefined =>
    verdict(rule, { backend: backendFacts(backend), ...surroundings(rule, situation) });
  if (subjects.size > 1) return judge;
  // Of the backend alone: a `Backend` is a value, so the answer stays.
  const answers = new WeakMap<Backend, { readonly reason: string | undefined }>();
  return (backend, situation) => {
    const known = answers.get(backend);
    if (known !== undefined) return known.reason;
    const reason = judge(backend, situation);
    answers.set(backend, { reason });
    return reason;
  };
}

/** The first rule that refuses a write. Rules that ask for the size wait while it is not known. */
export function refuseWrite(
  rules: readonly ExpressionRule[],
  write: WriteFacts,
  situation: Situation,
): { readonly rule: string; readonly reason: string } | undefined {
  for (const rule of rules) {
    if (write.bytes === undefined && rule.condition.facts.has('request.bytes')) continue;
    const reason = verdict(rule, { request: requestFacts(write), ...surroundings(rule, situation) });
    if (reason !== undefined) return { rule: rule.name, reason };
  }
  return undefined;
}

function surroundings({ condition }: ExpressionRule, { bucket, atMs }: Situation) {
  const { subjects } = condition;
  return {
    ...(bucket !== undefined && subjects.has('bucket') ? { bucket: bucketFacts(bucket) } : {}),
    ...(atMs !== undefined && subjects.has('time') ? { time: timeFacts(atMs) } : {}),
  };
}

function verdict({ condition, allows, reason }: ExpressionRule, facts: Parameters<Condition['ask']>[0]) {
  const answer = condition.ask(facts);
  if (answer === 'unknown') return `a fact that "${condition.text}" asks for is not known`;
  return (answer === 'yes') === allows ? undefined : reason;
}
