export {
  createFaultyBackend,
  type FaultyBackend,
  type FaultyBackendOptions,
  type Incident,
} from './faulty-backend/faulty-backend.ts';
export { calmPlan, type FaultPlan, randomPlan, type Trouble } from './faulty-backend/plan.ts';
export { createPrng, type Prng } from './prng.ts';
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
