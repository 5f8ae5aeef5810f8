export { type Protected, protectAgent } from './protect.ts';
export { runAgent } from './run-agent.ts';
