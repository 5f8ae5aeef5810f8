import { Counter, type Registry } from 'prom-client';
import type { AccessLogEvents } from './access-log.ts';

export function createAccessLogMetrics(registry: Registry): AccessLogEvents {
  const records = new Counter({
    name: 'sealgate_access_log_records_total',
    help: 'Records of access logs by what became of them: delivered, full (no room to wait) or undeliverable.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  return {
    delivered: (count) => records.inc({ outcome: 'delivered' }, count),
    lost: (count, reason) => records.inc({ outcome: reason }, count),
  };
}
