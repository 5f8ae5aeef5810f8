-- The smallest text that is greater than everything that starts with p_prefix, in bytewise order; NULL when there is
-- none. UTF-8 orders by code point, so raising the last code point that can be raised is exact and stays valid text.
CREATE OR REPLACE FUNCTION sealgate.key_successor(p_prefix text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  v_head text := p_prefix;
  v_code integer;
BEGIN
  WHILE v_head <> '' LOOP
    v_code := ascii(right(v_head, 1));
    v_head := left(v_head, -1);
    IF v_code < 1114111 THEN
      -- 55295 = U+D7FF: the surrogates behind it are no characters.
      RETURN v_head || chr(CASE WHEN v_code = 55295 THEN 57344 ELSE v_code + 1 END);
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
