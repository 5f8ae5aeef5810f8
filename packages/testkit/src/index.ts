export { createPrng, type Prng } from './prng.ts';
export { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
