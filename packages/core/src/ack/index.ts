export type { AckRule, AckState } from './types.ts';
