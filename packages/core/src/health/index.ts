export { type HealthByAgents, healthByAgents } from './by-agents.ts';
export {
  availability,
  conclude,
  defaultHealthThresholds,
  type HealthRecord,
  type HealthSample,
  type HealthThresholds,
  newHealthRecord,
  observe,
  sampleOfFault,
} from './evidence.ts';
export { type HealthEvent, healthTransitions, nextHealthState, readRank, takesWrites } from './transitions.ts';
