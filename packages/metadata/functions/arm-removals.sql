-- Copies that leave may go from now on, after the grace time, when nothing of the blob is owed any more. What becomes owed
-- again meanwhile is found by lease_removals.
CREATE OR REPLACE FUNCTION sealgate.arm_removals(p_blob uuid, p_replicas bytea, p_grace_ms bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF sealgate.count_replicas(p_replicas, 'l') = 0 OR sealgate.count_replicas(p_replicas, 'mp') > 0 THEN RETURN; END IF;
  UPDATE sealgate.removals r SET due_at = now() + p_grace_ms * interval '1 millisecond'
  WHERE r.blob_id = p_blob AND r.state = 'w' AND r.due_at = 'infinity';
END
$$;
