export { parseRedisUrl } from './address.ts';
export { createRedisConnector } from './connector.ts';
