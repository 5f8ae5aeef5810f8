-- Whether packed replicas name a place (backend and shard), in whatever state.
CREATE OR REPLACE FUNCTION sealgate.names_place(p_replicas bytea, p_backend smallint, p_shard smallint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN EXISTS (
  SELECT FROM generate_series(0, octet_length(p_replicas) - 4, 4) AS i
  WHERE substring(p_replicas FROM i + 1 FOR 3) = int2send(p_backend) || substring(int2send(p_shard) FROM 2)
);
