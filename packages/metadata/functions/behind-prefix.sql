-- The smallest text behind everything that is rolled up into a common prefix; NULL when there is none. p_behind is the
-- delimiter's successor, NULL when it has none.
CREATE OR REPLACE FUNCTION sealgate.behind_prefix(p_common_prefix text, p_delimiter text, p_behind text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF p_behind IS NOT NULL THEN RETURN left(p_common_prefix, -length(p_delimiter)) || p_behind; END IF;
  RETURN sealgate.key_successor(left(p_common_prefix, -length(p_delimiter)));
END
$$;
