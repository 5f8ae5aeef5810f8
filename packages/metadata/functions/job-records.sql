-- Jobs of every kind as one list, newest first, behind (p_before_at, p_before_id). Filters that are NULL let all pass.
CREATE OR REPLACE FUNCTION sealgate.job_records(
  p_id uuid, p_state text, p_kind text, p_tenant uuid, p_bucket integer, p_before_at timestamptz, p_before_id uuid, p_limit integer
) RETURNS TABLE (id uuid, kind text, state text, created_at timestamptz, updated_at timestamptz, ended_at timestamptz,
  tenant_id uuid, bucket_id integer, key text, version_id text, source smallint, targets smallint[], policy_class integer,
  class_name text, encryption_required boolean, priority integer, attempts integer, last_error text, holder text, blob_id uuid,
  copies integer[], blobs integer)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH made AS (
    SELECT j.*, w.holder FROM sealgate.jobs j LEFT JOIN LATERAL (
      SELECT max(l.holder) AS holder FROM sealgate.job_leases l
      WHERE j.state = 'waiting' AND l.blob_id = ANY (j.blobs) AND l.leased_until > now()) w ON true
    WHERE (p_kind IS NULL OR p_kind = 'replicate') AND (p_id IS NULL OR j.id = p_id)
      AND (p_tenant IS NULL OR j.tenant_id = p_tenant) AND (p_bucket IS NULL OR j.bucket_id = p_bucket)
      AND (p_before_at IS NULL OR (j.created_at, j.id) < (p_before_at, p_before_id))
      AND (p_state IS NULL OR p_state = CASE WHEN j.state = 'waiting' AND w.holder IS NOT NULL THEN 'active' ELSE j.state END)
    ORDER BY j.created_at DESC, j.id DESC LIMIT p_limit
  ), owed AS (
    SELECT p.id, p.data, p.priority, p.created_on, p.started_on, p.completed_on, p.retry_count, p.output, k.tenant_id, b.bucket_id, b.class,
      b.replicas, b.blob_id, CASE WHEN l.leased_until > now() THEN l.holder END AS holder,
      CASE WHEN p.name = 'repair-dead' THEN 'failed' WHEN p.state = 'active' THEN 'active' WHEN p.state < 'active' THEN 'waiting'
        WHEN p.state = 'completed' THEN 'done' ELSE p.state::text END AS now_state
    FROM pgboss.job p LEFT JOIN sealgate.job_leases l ON l.job_id = p.id
      LEFT JOIN sealgate.blobs b ON b.blob_id = (p.data ->> 'blobId')::uuid LEFT JOIN sealgate.buckets k ON k.id = b.bucket_id
    WHERE ((p.name = 'repair' AND p.state <> 'failed') OR (p.name = 'repair-dead' AND p.state < 'active'))
      AND coalesce(p.data ->> 'kind', 'repair') = 'repair'
      AND (p_kind IS NULL OR p_kind = 'repair') AND (p_id IS NULL OR p.id = p_id)
      AND (p_tenant IS NULL OR k.tenant_id = p_tenant) AND (p_bucket IS NULL OR b.bucket_id = p_bucket)
      AND (p_before_at IS NULL OR (p.created_on, p.id) < (p_before_at, p_before_id))
  ), shown AS (
    SELECT o.* FROM owed o WHERE p_state IS NULL OR o.now_state = p_state ORDER BY o.created_on DESC, o.id DESC LIMIT p_limit
  )
  SELECT m.id, m.kind, CASE WHEN m.state = 'waiting' AND m.holder IS NOT NULL THEN 'active' ELSE m.state END, m.created_at, m.updated_at,
    m.ended_at, m.tenant_id, m.bucket_id, m.key, m.version_id, m.source, m.targets, NULL::integer, m.policy_class, m.encryption_required,
    m.priority::integer, m.attempts, m.last_error, m.holder, NULL::uuid,
    ARRAY(SELECT (SELECT count(*) FROM sealgate.blobs b WHERE b.blob_id = ANY (m.blobs)
      AND octet_length(sealgate.set_replica(b.replicas, substring(int4send(t.n) FROM 3 FOR 2) || '\x0073'::bytea)) = octet_length(b.replicas)
      AND sealgate.set_replica(b.replicas, substring(int4send(t.n) FROM 3 FOR 2) || '\x0073'::bytea) = b.replicas)::integer
      FROM unnest(m.targets) WITH ORDINALITY t (n, i) ORDER BY t.i), array_length(m.blobs, 1)
  FROM made m
  UNION ALL
  SELECT s.id, 'repair', s.now_state, s.created_on, coalesce(s.completed_on, s.started_on, s.created_on), s.completed_on, s.tenant_id,
    s.bucket_id, NULL, NULL, NULL, ARRAY(SELECT (get_byte(s.replicas, i * 4) * 256 + get_byte(s.replicas, i * 4 + 1))::smallint
      FROM generate_series(0, octet_length(s.replicas) / 4 - 1) i WHERE get_byte(s.replicas, i * 4 + 3) <> ascii('s') ORDER BY i),
    s.class, NULL, false, s.priority, s.retry_count + CASE WHEN s.started_on IS NULL THEN 0 ELSE 1 END, s.output ->> 'reason', s.holder,
    coalesce(s.blob_id, (s.data ->> 'blobId')::uuid), NULL, 1
  FROM shown s
  ORDER BY 4 DESC, 1 DESC LIMIT p_limit;
END
$$;
