export { createLocalProbe } from '../shared/local-probe.ts';
export { createMemoryDriver, type MemoryDriverOptions } from './memory-driver.ts';
