export { type DocumentChange, diffDocuments, diffEffects, type EffectChange } from './diff.ts';
export {
  type BackendExplanation,
  type ClassExplanation,
  type ExplainRequest,
  explainPolicies,
  type PolicyExplanation,
} from './explain.ts';
export {
  type PlannedClass,
  type PlannedCosts,
  type PlannedVolume,
  type PolicyPlan,
  planPolicies,
} from './plan.ts';
export { type BackendPlanFile, parseBackendPlan } from './plan-file.ts';
export { substitute } from './substitute.ts';
export {
  addTallies,
  costsOf,
  createTallySum,
  emptyTally,
  type SimulatedCosts,
  type SimulationTally,
  tallyOf,
} from './tally.ts';
export {
  type PolicyTestFile,
  type PolicyTestResult,
  parsePolicyTests,
  policyTestResults,
  runPolicyTests,
} from './tests.ts';
export { type RiskLabel, riskLabels } from './worst.ts';
export { catalogueBackends, describedBackends, type ZoneFilter } from './would-be.ts';
