-- Aborts open uploads of buckets that are gone, and forgets uploads that ended long enough ago with no part left of them.
-- The row of a completed upload stays as long as its version, whose segments are found through it. Returns how many of
-- either.
CREATE OR REPLACE FUNCTION sealgate.purge_uploads(
  p_remembered_ms bigint, p_limit integer, p_actor integer, p_request text, p_grace_ms bigint
) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_bucket integer;
  v_count integer := 0;
BEGIN
  FOR v_bucket IN
    SELECT b.id FROM sealgate.buckets b
    WHERE b.state = 'deleted' AND EXISTS (SELECT FROM sealgate.uploads u WHERE u.bucket_id = b.id AND u.state = 'o')
    LIMIT p_limit
  LOOP
    v_count := v_count + sealgate.abort_uploads_of(v_bucket, p_limit - v_count, p_actor, p_request, NULL, p_grace_ms);
    IF v_count >= p_limit THEN RETURN v_count; END IF;
  END LOOP;
  WITH gone AS (
    SELECT u.num FROM sealgate.uploads u
    WHERE u.state IN ('a', 'd') AND u.finished_at <= now() - p_remembered_ms * interval '1 millisecond'
      AND NOT EXISTS (SELECT FROM sealgate.parts p WHERE p.upload = u.num)
    ORDER BY u.finished_at LIMIT p_limit - v_count FOR UPDATE SKIP LOCKED
  ), forgotten AS (
    DELETE FROM sealgate.uploads u USING gone g WHERE u.num = g.num RETURNING u.num
  )
  SELECT v_count + count(*) INTO v_count FROM forgotten;
  RETURN v_count;
END
$$;
