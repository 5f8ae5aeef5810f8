-- When an attempt began: the time in its UUIDv7.
CREATE OR REPLACE FUNCTION sealgate.blob_time(p_blob uuid) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_timestamp((('x' || encode(substring(uuid_send(p_blob) FROM 1 FOR 6), 'hex'))::bit(48)::bigint) / 1000.0);
