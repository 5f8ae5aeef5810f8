export { type DocumentChange, diffDocuments, diffEffects, type EffectChange } from './diff.ts';
export {
  type BackendExplanation,
  type ClassExplanation,
  type ExplainRequest,
  explainPolicies,
  type PolicyExplanation,
} from './explain.ts';
export { substitute } from './substitute.ts';
export { addTallies, costsOf, emptyTally, type SimulatedCosts, type SimulationTally, tallyOf } from './tally.ts';
export { type PolicyTestFile, type PolicyTestResult, parsePolicyTests, runPolicyTests } from './tests.ts';
