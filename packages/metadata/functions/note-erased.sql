-- Copies of a blob are confirmed gone: written down when its tenant is being deleted, for the report of that. Places are
-- three bytes each (backend, shard).
CREATE OR REPLACE FUNCTION sealgate.note_erased(p_bucket integer, p_blob sealgate.blobs, p_places bytea) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sealgate.erasure_removals (tenant_id, backend, copies, attempts, bytes, first_at, last_at)
  SELECT e.tenant_id, get_byte(p_places, i * 3) * 256 + get_byte(p_places, i * 3 + 1),
    (p_blob.class <> 0)::integer, (p_blob.class = 0)::integer,
    ceil(p_blob.bytes::numeric / greatest(coalesce(p_blob.k, 1), 1)), now(), now()
  FROM sealgate.buckets b JOIN sealgate.erasures e ON e.tenant_id = b.tenant_id AND e.state <> 'done',
    generate_series(0, octet_length(p_places) / 3 - 1) AS i
  WHERE b.id = p_bucket;
END
$$;
