-- Whether a version that is there has another size or another second of time than a deletion expects. NULL expects nothing.
CREATE OR REPLACE FUNCTION sealgate.has_changed(p_found sealgate.objects, p_if_bytes bigint, p_if_modified_at timestamptz)
RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT p_found.seq IS NOT NULL AND coalesce(p_found.bytes <> p_if_bytes
    OR floor(extract(epoch FROM p_found.modified_at)) <> floor(extract(epoch FROM p_if_modified_at)), false);
$$;
