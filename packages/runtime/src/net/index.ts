export { type AllowedRanges, createEndpointGuard, type EndpointGuard, type Resolve } from './endpoint-guard.ts';
export { listenFault } from './listen-fault.ts';
