-- Whether this place of a blob is in this physical bucket: its replicas name the place, and its bucket has that name there.
CREATE OR REPLACE FUNCTION sealgate.lies_at(
  p_bucket_id integer, p_replicas bytea, p_backend smallint, p_shard smallint, p_name text
) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN sealgate.names_place(p_replicas, p_backend, p_shard) AND EXISTS (
    SELECT FROM sealgate.physical_buckets p WHERE p.bucket_id = p_bucket_id AND p.backend = p_backend AND p.name = p_name
  );
END
$$;
