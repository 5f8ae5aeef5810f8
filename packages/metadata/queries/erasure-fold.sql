-- Adds up what backends confirmed: one row a backend. $1 tenant
WITH taken AS (
  DELETE FROM sealgate.erasure_removals r WHERE r.tenant_id = $1::uuid AND r.bucket IS NULL
    AND (SELECT count(*) FROM sealgate.erasure_removals n WHERE n.tenant_id = $1::uuid) > 1000
  RETURNING r.*
)
INSERT INTO sealgate.erasure_removals (tenant_id, backend, copies, attempts, bytes, first_at, last_at)
SELECT t.tenant_id, t.backend, sum(t.copies), sum(t.attempts), sum(t.bytes), min(t.first_at), max(t.last_at)
FROM taken t GROUP BY t.tenant_id, t.backend
