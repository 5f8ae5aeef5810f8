-- $1 tenant
SELECT e.tenant_id, t.name, e.state, e.begun_at, e.removed_at, e.done_at, e.begun_seq, e.removed_seq, e.done_seq,
  to_jsonb(e.without) AS without, e.found, e.report, e.trouble
FROM sealgate.erasures e JOIN sealgate.tenants t ON t.id = e.tenant_id WHERE e.tenant_id = $1::uuid
