-- Removes the records of requests that entries from leaf p_from on vouch for, up to the first one that is of p_before or
-- younger, and says in the log before which leaf they are gone. The entries stay, with the digests of what they vouched for.
CREATE OR REPLACE FUNCTION sealgate.remove_requests(
  p_from bigint, p_to bigint, p_before timestamptz, p_limit integer, p_actor integer, p_request text,
  OUT o_next bigint, OUT o_entries integer
)
LANGUAGE plpgsql AS $$
DECLARE
  v_entry record;
  v_digests bytea[] := '{}';
BEGIN
  o_next := p_from;
  FOR v_entry IN
    SELECT l.leaf, a.at, a.action, a.detail FROM sealgate.audit_leaves l JOIN sealgate.audit_log a ON a.seq = l.seq
    WHERE l.leaf >= p_from AND l.leaf < least(p_to, p_from + p_limit) ORDER BY l.leaf
  LOOP
    EXIT WHEN v_entry.at >= p_before;
    o_next := v_entry.leaf + 1;
    -- Action 124: requests recorded.
    IF v_entry.action = 124 THEN v_digests := v_digests || decode(v_entry.detail ->> 'sha256', 'hex'); END IF;
  END LOOP;
  o_entries := coalesce(array_length(v_digests, 1), 0);
  IF o_entries = 0 THEN RETURN; END IF;
  DELETE FROM sealgate.audit_requests r WHERE r.digest = ANY (v_digests);
  -- The log says it too, but is not searched for it.
  INSERT INTO sealgate.cursors AS c (name, position) VALUES ('audit-requests-removed', to_jsonb(o_next))
  ON CONFLICT (name) DO UPDATE SET position = to_jsonb(greatest(c.position::text::bigint, o_next)), updated_at = now();
  -- Action 170: records of requests removed.
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, detail)
  VALUES (nextval('sealgate.change_seq'), clock_timestamp(), p_actor, 170, p_request,
    jsonb_build_object('before', o_next, 'entries', o_entries));
END
$$;
