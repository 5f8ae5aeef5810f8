export { hasRedis, type RedisServer, startRedisServer } from './redis-server.ts';
