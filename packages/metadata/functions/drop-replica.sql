-- p_replicas without the entry of p_place (backend and shard: three bytes).
CREATE OR REPLACE FUNCTION sealgate.drop_replica(p_replicas bytea, p_place bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  FOR i IN 0 .. octet_length(p_replicas) / 4 - 1 LOOP
    IF substring(p_replicas FROM i * 4 + 1 FOR 3) = p_place THEN
      RETURN overlay(p_replicas PLACING ''::bytea FROM i * 4 + 1 FOR 4);
    END IF;
  END LOOP;
  RETURN p_replicas;
END
$$;
