export { Fault, type FaultOptions, isFault, retryAfterSeconds, toFault } from './fault.ts';
export { type FaultCode, type FaultSpec, faultTable } from './table.ts';
