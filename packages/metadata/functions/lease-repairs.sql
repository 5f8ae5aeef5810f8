-- Gives a worker up to p_limit repairs that it can do, most urgent first, each with a token of its own. It looks at the first
-- p_head jobs of the queue, which are the most urgent, and at p_scan more behind the place p_after that an earlier call came to: so many
-- jobs that nobody can do now, since their backend is away, make no call dear and hide nothing for ever. The last row names no
-- job: o_seen is the place that this call came to, NULL at the end of the queue.
CREATE OR REPLACE FUNCTION sealgate.lease_repairs(
  p_holder text, p_epoch bigint, p_limit integer, p_lease_ms bigint, p_writes smallint[], p_reads smallint[], p_kinds text[],
  p_after text, p_head integer, p_scan integer
) RETURNS TABLE (o_job uuid, o_blob uuid, o_token bigint, o_seen text)
LANGUAGE plpgsql
-- The order is that of an index whatever the statistics say, which may be those of an empty queue.
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  v_seen record;
  v_job record;
  v_behind boolean := false;
  -- Before everything.
  v_rank integer := -2147483648;
  v_at timestamptz := '-infinity';
  v_id uuid := '00000000-0000-0000-0000-000000000000';
  v_count integer;
BEGIN
  IF p_epoch > 0 THEN
    PERFORM FROM sealgate.agents a WHERE a.id = p_holder AND a.state = 'active' AND a.epoch = p_epoch;
    IF NOT FOUND THEN RETURN; END IF;
  END IF;
  PERFORM sealgate.ready_repairs(p_scan);
  LOOP
    v_count := 0;
    FOR v_seen IN
      SELECT j.id, -j.priority AS rank, j.created_on, (j.data ->> 'blobId')::uuid AS blob, j.start_after,
        coalesce(j.data ->> 'kind', 'repair') AS kind
      FROM pgboss.job j
      WHERE j.name = 'repair' AND j.state = 'created' AND (-j.priority, j.created_on, j.id) > (v_rank, v_at, v_id)
      ORDER BY -j.priority, j.created_on, j.id LIMIT CASE WHEN v_behind THEN p_scan ELSE p_head END
    LOOP
      EXIT WHEN p_limit <= 0;
      v_count := v_count + 1;
      v_rank := v_seen.rank;
      v_at := v_seen.created_on;
      v_id := v_seen.id;
      CONTINUE WHEN v_seen.start_after > now() OR v_seen.kind <> ALL (p_kinds)
        OR NOT sealgate.can_repair(v_seen.blob, p_writes, p_reads);
      SELECT j.id INTO v_job FROM pgboss.job j WHERE j.name = 'repair' AND j.id = v_seen.id AND j.state = 'created' FOR UPDATE SKIP LOCKED;
      CONTINUE WHEN NOT FOUND;
      o_job := v_job.id;
      o_blob := v_seen.blob;
      o_token := sealgate.take_repair(o_job, o_blob, p_holder, p_epoch, p_lease_ms);
      p_limit := p_limit - 1;
      RETURN NEXT;
    END LOOP;
    EXIT WHEN p_limit <= 0 OR v_behind OR v_count < p_head;
    -- Behind the head: where the call before came to, unless the head reaches further by now.
    v_behind := true;
    IF p_after IS NOT NULL AND (split_part(p_after, '|', 1)::integer, split_part(p_after, '|', 2)::timestamptz, split_part(p_after, '|', 3)::uuid)
        > (v_rank, v_at, v_id) THEN
      v_rank := split_part(p_after, '|', 1);
      v_at := split_part(p_after, '|', 2);
      v_id := split_part(p_after, '|', 3);
    END IF;
  END LOOP;
  o_job := NULL;
  o_seen := CASE WHEN p_limit <= 0 OR (v_behind AND v_count = p_scan) THEN concat_ws('|', v_rank, v_at, v_id) END;
  RETURN NEXT;
END
$$;
