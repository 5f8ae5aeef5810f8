-- The latest moment at which a write plan may still be open.
CREATE OR REPLACE FUNCTION sealgate.end_of_plan(p_blob uuid, p_attempt_age_ms bigint) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN sealgate.blob_time(p_blob) + p_attempt_age_ms * 0.75 * interval '1 millisecond';
