export { compileAckRule, labelOfCounter } from './compile.ts';
export type { AckParseOptions } from './parse.ts';
export type { AckCounter, AckNeeds, AckRule, AckState, CompiledAckRule } from './types.ts';
