-- A version id as clients see it: see encodeVersionId in core.
CREATE OR REPLACE FUNCTION sealgate.version_id(p_seq bigint, p_blob uuid, p_is_null boolean) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN p_is_null THEN 'null' ELSE (
  SELECT string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', ((p_seq >> (5 * i)) & 31)::integer + 1, 1), '' ORDER BY i DESC)
  FROM generate_series(0, 12) AS i
) || right(replace(p_blob::text, '-', ''), 16) END;
