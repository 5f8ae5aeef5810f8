export type { BucketFacts, WriteFacts } from './facts.ts';
export { ExpressionProblem } from './problem.ts';
export {
  compileRule,
  createBackendJudge,
  type ExpressionRule,
  isAboutBackends,
  refuseWrite,
  type Situation,
} from './rules.ts';
