export { createQuotaLedger, type QuotaLedger, type Settle } from './ledger.ts';
