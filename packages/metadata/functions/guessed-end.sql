-- Something greater than the next name, if names count up: the first p_length characters of p_key with the last one raised
-- by two. NULL where there is no such character to raise. Only ever the end of a first look: a wrong guess costs time.
CREATE OR REPLACE FUNCTION sealgate.guessed_end(p_key text, p_length integer) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_length > 0 AND ascii(substr(p_key, p_length, 1)) BETWEEN 1 AND 125
    THEN left(p_key, p_length - 1) || chr(ascii(substr(p_key, p_length, 1)) + 2) END;
$$;
