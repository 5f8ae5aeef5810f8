import { Counter, type Registry } from 'prom-client';
import type { RequestRecordEvents } from './request-records.ts';

export function createRequestRecordMetrics(registry: Registry): RequestRecordEvents {
  const records = new Counter({
    name: 'sealgate_audit_request_records_total',
    help: 'Records of requests by what became of them: recorded, or lost because nothing could wait any longer.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  return {
    recorded: (count) => records.inc({ outcome: 'recorded' }, count),
    lost: (count) => records.inc({ outcome: 'lost' }, count),
  };
}
