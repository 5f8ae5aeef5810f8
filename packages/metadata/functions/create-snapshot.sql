-- Keeps a sanitised look at somebody's storage with its buckets and files: all of it or nothing.
CREATE OR REPLACE FUNCTION sealgate.create_snapshot(
  p_id uuid, p_tenant uuid, p_provider text, p_summary jsonb, p_buckets jsonb, p_files jsonb, p_max integer, p_detail jsonb,
  p_actor integer, p_request text, p_remote inet, OUT o_outcome text, OUT o_tenant text, OUT o_created_at timestamptz
)
LANGUAGE plpgsql AS $$
BEGIN
  -- The tenant's lock makes the count one that holds, and its end one that removes this too.
  SELECT t.name INTO o_tenant FROM sealgate.tenants t
  WHERE t.id = p_tenant AND t.state IN ('active', 'suspended') FOR NO KEY UPDATE;
  IF NOT FOUND THEN o_outcome := 'NotFound'; RETURN; END IF;
  IF (SELECT count(*) FROM sealgate.snapshots s WHERE s.tenant_id = p_tenant) >= p_max THEN
    o_outcome := 'TooManySnapshots';
    RETURN;
  END IF;
  INSERT INTO sealgate.snapshots (id, tenant_id, provider, summary) VALUES (p_id, p_tenant, p_provider, p_summary)
  RETURNING created_at INTO o_created_at;
  INSERT INTO sealgate.snapshot_buckets (snapshot_id, name, facts)
  SELECT p_id, b.name, b.facts FROM jsonb_to_recordset(p_buckets) AS b (name text, facts jsonb);
  INSERT INTO sealgate.snapshot_files (snapshot_id, bucket, key, bytes, etag, modified_at, storage_class)
  SELECT p_id, f.bucket, f.key, f.bytes, f.etag, to_timestamp(f.modified / 1000.0), f.class
  FROM jsonb_to_recordset(p_files) AS f (bucket text, key text, bytes bigint, etag text, modified bigint, class text);
  -- Action 150: snapshot taken.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 150, p_request, p_remote, p_detail);
  o_outcome := 'ok';
END
$$;
