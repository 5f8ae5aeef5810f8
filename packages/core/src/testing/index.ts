export { anyPolicy } from './policies.ts';
