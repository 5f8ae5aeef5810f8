/** Characters of parsed policies that a process keeps. A policy has at most 20 KiB, most have one. */
export const POLICY_CHARS_KEPT_MAX = 8 * 1024 * 1024;
/** Tenants whose names and states a process remembers, and for how long: a suspended one is shut out after that. */
export const TENANTS_KEPT_MAX = 10_000;
export const TENANT_KEPT_MS = 5_000;
