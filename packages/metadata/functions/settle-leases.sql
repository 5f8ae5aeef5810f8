-- Results of one worker, many at once: for each a copy that it made (p_entries, NULL: none) and how its lease ends (p_ends,
-- NULL: not yet). All in one transaction; the caller sorts them by blob. A copy that nobody wants leaves its lease with the
-- worker, which has bytes to give up first. `stale`: the lease was lost, and nothing happened.
CREATE OR REPLACE FUNCTION sealgate.settle_leases(
  p_holder text, p_epoch bigint, p_jobs uuid[], p_tokens bigint[], p_blobs uuid[], p_entries bytea[], p_ends text[], p_reasons text[],
  p_no_rooms text[], p_actor integer, p_request text, p_grace_ms bigint
) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
  v_outcome text;
BEGIN
  -- A crash that loses this loses copies and ends together: the leases run out, and the next worker finds the copies.
  PERFORM set_config('synchronous_commit', 'off', true);
  FOR i IN 1 .. coalesce(array_length(p_jobs, 1), 0) LOOP
    v_outcome := 'wanted';
    IF p_entries[i] IS NOT NULL THEN
      v_outcome := sealgate.mark_leased(p_holder, p_epoch, p_jobs[i], p_tokens[i], p_blobs[i], p_entries[i], p_actor, p_request, p_grace_ms);
    END IF;
    IF v_outcome = 'wanted' AND p_ends[i] IS NOT NULL AND NOT sealgate.end_lease(
      p_holder, p_epoch, p_jobs[i], p_tokens[i], p_ends[i], p_reasons[i], p_no_rooms[i]::smallint[], p_actor) THEN
      v_outcome := 'stale';
    END IF;
    RETURN NEXT v_outcome;
  END LOOP;
  -- What found no room is placed anew. Last of all: every other batch of such results waits here.
  IF EXISTS (SELECT FROM unnest(p_no_rooms) AS n (backends) WHERE n.backends IS NOT NULL) THEN
    UPDATE sealgate.placement_epoch SET epoch = epoch + 1;
  END IF;
END
$$;
