/** What a tenant has stored is asked for anew after this time: how late writes of other processes are seen. */
export const QUOTA_FRESH_MS = 2_000;
/** Tenants with quotas that a process keeps accounts of; one has some hundred bytes. */
export const QUOTA_ACCOUNTS_MAX = 10_000;
