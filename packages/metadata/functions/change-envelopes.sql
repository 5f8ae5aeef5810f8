-- Puts other envelopes in the place of those of versions, whose bytes, ids and numbers stay: compare-and-swap on the number of
-- the version and on what its envelope says. Each change has an outcome of its own, in the order of p_keys; NULL: there is
-- no such bucket. What is locked stays: nobody without keys can tell whether the new envelope still opens the bytes, so to
-- replace it would be a way to destroy what the lock keeps.
CREATE OR REPLACE FUNCTION sealgate.change_envelopes(
  p_bucket integer, p_keys text[], p_seqs bigint[], p_old_ids text[], p_old_versions integer[], p_key_versions integer[],
  p_encrypted_keys text[], p_key_ids text[], p_key_algs text[], p_encryption_algs text[], p_bypass boolean, p_delay_ms bigint,
  p_actor integer, p_request text, p_remote inet
) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
  v_outcomes text[];
BEGIN
  IF sealgate.lock_bucket(p_bucket) IS NULL THEN RETURN NULL; END IF;
  -- All keys in one order, so that two calls never wait for each other.
  PERFORM pg_advisory_xact_lock(l.lock)
  FROM (SELECT DISTINCT hashtextextended(k, p_bucket) AS lock FROM unnest(p_keys) AS k ORDER BY 1) l;
  WITH wanted AS (
    SELECT w.* FROM unnest(p_keys, p_seqs, p_old_ids, p_old_versions, p_key_versions, p_encrypted_keys, p_key_ids, p_key_algs,
      p_encryption_algs) WITH ORDINALITY AS w (key, seq, old_id, old_version, key_version, encrypted_key, key_id, key_alg, encryption_alg, place)
  ), found AS (
    SELECT w.place, w.key, w.seq, v.blob_id, v.upload, v.key_id AS old_id, v.key_version AS old_version, CASE
      WHEN v.encrypted_key IS NULL THEN 'gone'
      WHEN v.key_id <> w.old_id OR v.key_version <> w.old_version OR v.encryption_alg <> w.encryption_alg THEN 'conflict'
      WHEN v.locked THEN 'locked'
      ELSE 'changed' END AS outcome
    FROM wanted w LEFT JOIN LATERAL (
      SELECT o.blob_id, o.upload, o.encrypted_key, o.key_id, o.key_version, o.encryption_alg, sealgate.is_locked(o, p_bypass) AS locked
      FROM sealgate.objects o WHERE o.bucket_id = p_bucket AND o.key = w.key AND o.seq = w.seq
      UNION ALL
      SELECT h.blob_id, h.upload, h.encrypted_key, h.key_id, h.key_version, h.encryption_alg,
        sealgate.is_locked(sealgate.history_object(h), p_bypass)
      FROM sealgate.history h WHERE h.bucket_id = p_bucket AND h.key = w.key AND h.seq = w.seq
    ) v ON true
  ), current AS (
    UPDATE sealgate.objects o SET key_version = w.key_version, encrypted_key = w.encrypted_key, key_id = w.key_id, key_alg = w.key_alg
    FROM found f JOIN wanted w USING (place)
    WHERE f.outcome = 'changed' AND o.bucket_id = p_bucket AND o.key = f.key AND o.seq = f.seq
  ), older AS (
    UPDATE sealgate.history h SET key_version = w.key_version, encrypted_key = w.encrypted_key, key_id = w.key_id, key_alg = w.key_alg
    FROM found f JOIN wanted w USING (place)
    WHERE f.outcome = 'changed' AND h.bucket_id = p_bucket AND h.key = f.key AND h.seq = f.seq
  ), finished AS (
    -- The upload that a version came from is remembered for a while; the envelope before is to be nowhere.
    UPDATE sealgate.uploads u SET key_version = w.key_version, encrypted_key = w.encrypted_key, key_id = w.key_id, key_alg = w.key_alg
    FROM found f JOIN wanted w USING (place)
    WHERE f.outcome = 'changed' AND u.num = f.upload
  ), logged AS (
    -- Action 95: envelope changed. Who could open it and who can now; never an envelope.
    INSERT INTO sealgate.audit_log (seq, at, bytes_delta, version_seq, actor, bucket_id, action, versions_delta, blob_id, key,
      request_id, remote_address, detail)
    SELECT nextval('sealgate.change_seq'), clock_timestamp(), 0, f.seq, p_actor, p_bucket, 95, 0, f.blob_id, f.key, p_request, p_remote,
      jsonb_build_object('from', f.old_id, 'fromVersion', f.old_version, 'to', w.key_id, 'toVersion', w.key_version)
        || CASE WHEN p_bypass THEN jsonb_build_object('bypassGovernance', true) ELSE '{}' END
    FROM found f JOIN wanted w USING (place) WHERE f.outcome = 'changed'
  )
  SELECT array_agg(f.outcome ORDER BY f.place) INTO v_outcomes FROM found f;
  -- Last, since every call for the bucket comes by this row.
  IF 'changed' = ANY (v_outcomes) THEN
    INSERT INTO sealgate.recovery_requests AS r (bucket_id, number, due_at, delayed)
    VALUES (p_bucket, nextval('sealgate.change_seq'), now() + p_delay_ms * interval '1 millisecond', true)
    ON CONFLICT (bucket_id) DO UPDATE SET number = excluded.number, due_at = least(r.due_at, excluded.due_at), delayed = true;
  END IF;
  RETURN v_outcomes;
END
$$;
