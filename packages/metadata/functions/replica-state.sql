-- The letter of the replica at p_place (backend and shard: three bytes), NULL when there is none.
CREATE OR REPLACE FUNCTION sealgate.replica_state(p_replicas bytea, p_place bytea) RETURNS "char"
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  FOR i IN 0 .. octet_length(p_replicas) / 4 - 1 LOOP
    IF substring(p_replicas FROM i * 4 + 1 FOR 3) = p_place THEN RETURN chr(get_byte(p_replicas, i * 4 + 3)); END IF;
  END LOOP;
  RETURN NULL;
END
$$;
