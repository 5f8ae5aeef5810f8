-- How many replicas are in one of the states whose letters p_states has.
CREATE OR REPLACE FUNCTION sealgate.count_replicas(p_replicas bytea, p_states text) RETURNS integer
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  v_count integer := 0;
BEGIN
  FOR i IN 0 .. octet_length(p_replicas) / 4 - 1 LOOP
    IF strpos(p_states, chr(get_byte(p_replicas, i * 4 + 3))) > 0 THEN v_count := v_count + 1; END IF;
  END LOOP;
  RETURN v_count;
END
$$;
