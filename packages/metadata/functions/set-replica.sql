-- p_replicas with the four bytes of p_entry in place of the entry of the same backend and shard, or added.
CREATE OR REPLACE FUNCTION sealgate.set_replica(p_replicas bytea, p_entry bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  FOR i IN 0 .. octet_length(p_replicas) / 4 - 1 LOOP
    IF substring(p_replicas FROM i * 4 + 1 FOR 3) = substring(p_entry FROM 1 FOR 3) THEN
      RETURN overlay(p_replicas PLACING p_entry FROM i * 4 + 1);
    END IF;
  END LOOP;
  RETURN p_replicas || p_entry;
END
$$;
