-- The key that comes next if names count up and what is below them is called the same: p_key, which begins with p_name, with the
-- last character of p_name raised by one. NULL where that is none of ASCII. Only ever the end of a first look: a wrong guess
-- costs time.
CREATE OR REPLACE FUNCTION sealgate.guessed_key(p_key text, p_name text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN right(p_name, 1) < '~' COLLATE "C"
    THEN left(p_name, -1) || chr(ascii(right(p_name, 1)) + 1) || substr(p_key, length(p_name) + 1) END;
$$;
