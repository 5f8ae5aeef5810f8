-- Publishes several blobs in one transaction, each as commit_version does: what a refusal leaves out is that one alone. An
-- absent array is NULL for all of them. Nothing here waits for another transaction's key or bucket while it holds keys of
-- its own: what finds one taken is 'Busy', did nothing, and comes again alone, where commit_version waits.
CREATE OR REPLACE FUNCTION sealgate.commit_versions(
  p_buckets integer[], p_keys text[], p_blobs uuid[], p_bytes bigint[], p_stored bigint[], p_etags bytea[], p_classes integer[],
  p_verdicts integer[], p_checksums bytea[], p_headers jsonb[], p_tags jsonb[], p_attributes jsonb[], p_key_versions integer[],
  p_encrypted_keys text[], p_key_ids text[], p_key_algs text[], p_encryption_algs text[], p_stripe_bytes integer[], p_ks smallint[],
  p_ms smallint[], p_block_shifts smallint[], p_replicas bytea[], p_digests bytea[], p_owing text[], p_if_match bytea[],
  p_if_none_match bytea[], p_actors integer[], p_requests text[], p_remotes inet[], p_grace_ms bigint, p_pending_ms bigint,
  p_attempt_age_ms bigint, p_causes text[],
  OUT o_outcome text, OUT o_seq bigint, OUT o_is_null boolean, OUT o_versioned boolean, OUT o_modified_at timestamptz
) RETURNS SETOF record
LANGUAGE plpgsql AS $$
DECLARE
  v record;
  v_done record;
BEGIN
  FOR v IN SELECT * FROM unnest(p_buckets, p_keys, p_blobs, p_bytes, p_stored, p_etags, p_classes, p_verdicts, p_checksums, p_headers,
    p_tags, p_attributes, p_key_versions, p_encrypted_keys, p_key_ids, p_key_algs, p_encryption_algs, p_stripe_bytes, p_ks, p_ms,
    p_block_shifts, p_replicas, p_digests, p_owing, p_if_match, p_if_none_match, p_actors, p_requests, p_remotes, p_causes)
    AS c (bucket, key, blob, bytes, stored, etag, class, verdict, checksum, headers, tags, attributes, key_version, encrypted_key,
      key_id, key_alg, encryption_alg, stripe_bytes, k, m, block_shift, replicas, digests, owing, if_match, if_none_match, actor,
      request, remote, cause)
  LOOP
    v_done := sealgate.commit_version(v.bucket, v.key, v.blob, v.bytes, v.stored, v.etag, v.class, v.verdict, v.checksum, v.headers,
      v.tags, v.attributes, v.key_version, v.encrypted_key, v.key_id, v.key_alg, v.encryption_alg, v.stripe_bytes, v.k, v.m,
      v.block_shift, v.replicas, v.digests, v.owing, v.if_match, v.if_none_match, v.actor, v.request, v.remote, p_grace_ms,
      p_pending_ms, p_attempt_age_ms, v.cause, false);
    o_outcome := v_done.o_outcome; o_seq := v_done.o_seq; o_is_null := v_done.o_is_null; o_versioned := v_done.o_versioned;
    o_modified_at := v_done.o_modified_at;
    RETURN NEXT;
  END LOOP;
END
$$;
