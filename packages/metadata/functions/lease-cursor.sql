-- Gives a range to one holder for a time, with the position that was saved last. No row: somebody else has it.
CREATE OR REPLACE FUNCTION sealgate.lease_cursor(p_name text, p_holder text, p_lease_ms bigint) RETURNS SETOF jsonb
LANGUAGE sql AS $$
  INSERT INTO sealgate.cursors AS c (name, position, holder, leased_until)
  VALUES (p_name, 'null', p_holder, now() + p_lease_ms * interval '1 millisecond')
  ON CONFLICT (name) DO UPDATE SET holder = p_holder, leased_until = now() + p_lease_ms * interval '1 millisecond'
    WHERE c.leased_until IS NULL OR c.leased_until <= now() OR c.holder = p_holder
  RETURNING c.position;
$$;
