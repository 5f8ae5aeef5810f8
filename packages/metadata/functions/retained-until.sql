-- The end of the retention that packed attributes ask for; NULL when they ask for none.
CREATE OR REPLACE FUNCTION sealgate.retained_until(p_attributes jsonb) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN timestamptz 'epoch' + (p_attributes ->> 'retainUntil')::bigint * interval '1 millisecond';
