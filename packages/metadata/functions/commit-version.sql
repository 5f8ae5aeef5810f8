-- Publishes one whole blob as the current version of a key: the one round trip of a PUT. Everything is decided before
-- anything is written, so a refusal (any outcome but 'ok') leaves no trace.
CREATE OR REPLACE FUNCTION sealgate.commit_version(
  p_new sealgate.objects, p_blob sealgate.blobs, p_if_match bytea, p_if_none_match bytea,
  p_actor integer, p_request text, p_remote inet, p_settings jsonb,
  OUT o_outcome text, OUT o_seq bigint, OUT o_is_null boolean, OUT o_versioned boolean, OUT o_modified_at timestamptz
)
LANGUAGE plpgsql AS $$
DECLARE
  v_versioning text := sealgate.lock_bucket(p_new.bucket_id);
  v_old sealgate.objects;
BEGIN
  IF v_versioning IS NULL THEN o_outcome := 'NoSuchBucket'; RETURN; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(p_new.key, p_new.bucket_id));
  SELECT o.* INTO v_old FROM sealgate.objects o WHERE o.bucket_id = p_new.bucket_id AND o.key = p_new.key;
  o_outcome := sealgate.check_preconditions(v_old.etag, p_if_match, p_if_none_match);
  IF o_outcome IS NOT NULL THEN RETURN; END IF;
  IF NOT sealgate.insert_blob(p_blob, p_settings) THEN o_outcome := 'BlobGivenUp'; RETURN; END IF;
  p_new.seq := nextval('sealgate.change_seq');
  p_new.modified_at := date_trunc('milliseconds', clock_timestamp());
  p_new.is_null := v_versioning <> 'enabled';
  PERFORM sealgate.publish_version(p_new, v_old, v_versioning, p_blob.replicas, p_actor, p_request, p_remote, p_settings);
  o_outcome := 'ok';
  o_seq := p_new.seq;
  o_is_null := p_new.is_null;
  o_versioned := v_versioning = 'enabled';
  o_modified_at := p_new.modified_at;
END
$$;
