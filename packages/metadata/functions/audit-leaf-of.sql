-- The leaf of the entry with number p_seq; NULL while it has none. Numbers ascend with leaves and are never given twice, so
-- how far a number is ahead of its leaf never shrinks from one leaf to the next: only leaves within what the last one
-- is ahead need a look, and none where no number was lost.
CREATE OR REPLACE FUNCTION sealgate.audit_leaf_of(p_seq bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_low bigint;
  v_high bigint;
  v_middle bigint;
  v_seq bigint;
BEGIN
  SELECT greatest(p_seq - (l.seq - l.leaf), 0), least(p_seq, l.leaf) INTO v_low, v_high
  FROM sealgate.audit_leaves l ORDER BY l.leaf DESC LIMIT 1;
  WHILE v_low <= v_high LOOP
    v_middle := (v_low + v_high) / 2;
    SELECT l.seq INTO v_seq FROM sealgate.audit_leaves l WHERE l.leaf = v_middle;
    IF v_seq = p_seq THEN RETURN v_middle; END IF;
    IF v_seq < p_seq THEN v_low := v_middle + 1; ELSE v_high := v_middle - 1; END IF;
  END LOOP;
  RETURN NULL;
END
$$;
