-- The physical bucket of a backend that comes next by name. Abandoned: every logical bucket that it was made for has been
-- deleted for longer than an attempt may take, and nothing of them is left to be removed.
CREATE OR REPLACE FUNCTION sealgate.next_physical_bucket(
  p_backend smallint, p_after text, p_attempt_age_ms bigint, OUT o_name text, OUT o_abandoned boolean
)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  SELECT p.name INTO o_name FROM sealgate.physical_buckets p
  WHERE p.backend = p_backend AND p.name COLLATE "C" > p_after COLLATE "C" ORDER BY p.name COLLATE "C" LIMIT 1;
  o_abandoned := sealgate.is_abandoned(p_backend, o_name, p_attempt_age_ms);
END
$$;
