-- Decides If-Match and If-None-Match against the current version. NULL: go on. An absent p_etag means that there is no
-- current version. '*' is the empty byte string, which no ETag packs to.
CREATE OR REPLACE FUNCTION sealgate.check_preconditions(p_etag bytea, p_if_match bytea, p_if_none_match bytea) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_if_match IS NOT NULL AND p_etag IS NULL THEN 'NoSuchKey'
    WHEN p_if_match IS NOT NULL AND p_if_match <> '' AND p_if_match <> p_etag THEN 'PreconditionFailed'
    WHEN p_if_none_match IS NOT NULL AND p_etag IS NOT NULL AND (p_if_none_match = '' OR p_if_none_match = p_etag)
      THEN 'PreconditionFailed'
  END;
$$;
