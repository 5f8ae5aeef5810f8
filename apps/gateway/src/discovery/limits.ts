/** Looks under way at once: of one tenant, and of all in this process. Each holds up to some tens of MiB. */
export const LOOKS_PER_TENANT_MAX = 2;
export const LOOKS_MAX = 6;
