-- The last guard: a version that is removed because another takes its place is never locked, since buckets with object
-- lock keep every version. Should that ever fail, the transaction does.
CREATE OR REPLACE FUNCTION sealgate.refuse_locked(p_old sealgate.objects) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF sealgate.is_locked(p_old, false) THEN
    RAISE EXCEPTION 'sealgate: version % is locked and cannot be replaced', p_old.seq USING ERRCODE = 'integrity_constraint_violation';
  END IF;
END
$$;
