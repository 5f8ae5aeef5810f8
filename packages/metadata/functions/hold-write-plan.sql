-- Gives a plan that is not over, and keeps it from ending while its commit reads what landed.
CREATE OR REPLACE FUNCTION sealgate.hold_write_plan(p_bucket integer, p_blob uuid, p_hold_ms bigint, p_attempt_age_ms bigint)
RETURNS SETOF sealgate.write_plans
LANGUAGE sql AS $$
  UPDATE sealgate.write_plans p
  SET expires_at = greatest(p.expires_at,
    least(now() + p_hold_ms * interval '1 millisecond', sealgate.end_of_plan(p.blob_id, p_attempt_age_ms)))
  WHERE p.blob_id = p_blob AND p.bucket_id = p_bucket AND p.expires_at > now()
  RETURNING p.*;
$$;
