-- The first leaf whose entry is not older than p_at, give or take entries that were under way at the same time.
CREATE OR REPLACE FUNCTION sealgate.audit_leaf_at(p_at timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_low bigint := 0;
  v_high bigint := coalesce((SELECT max(l.leaf) + 1 FROM sealgate.audit_leaves l), 0);
  v_middle bigint;
BEGIN
  WHILE v_low < v_high LOOP
    v_middle := (v_low + v_high) / 2;
    IF (SELECT a.at FROM sealgate.audit_leaves l JOIN sealgate.audit_log a ON a.seq = l.seq WHERE l.leaf = v_middle) < p_at THEN
      v_low := v_middle + 1;
    ELSE
      v_high := v_middle;
    END IF;
  END LOOP;
  RETURN v_low;
END
$$;
