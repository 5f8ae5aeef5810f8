export type { BucketFacts, WriteFacts } from './facts.ts';
export { ExpressionProblem } from './problem.ts';
export {
  compileRule,
  createBackendJudge,
  type ExpressionRule,
  isAboutBackends,
  type RuleDocument,
  refuseWrite,
  type Situation,
} from './rules.ts';
