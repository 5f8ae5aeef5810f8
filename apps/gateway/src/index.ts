export { runDatabaseAgent, runGateway } from './run-gateway.ts';
