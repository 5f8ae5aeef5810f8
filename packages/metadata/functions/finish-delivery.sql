-- Ends the lease of a message: it left (p_delay_ms and p_keep_ms NULL), is to be tried again after p_delay_ms, or is a
-- dead letter that is kept for p_keep_ms. The next message about the same key becomes due unless this one stays.
-- A taker whose lease another one has taken over since (p_attempts) changes nothing.
CREATE OR REPLACE FUNCTION sealgate.finish_delivery(
  p_id bigint, p_attempts integer, p_delay_ms bigint, p_keep_ms bigint, p_error text
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_done sealgate.deliveries;
BEGIN
  -- See route_events.
  PERFORM FROM sealgate.webhooks w
  WHERE w.id = (SELECT d.webhook_id FROM sealgate.deliveries d WHERE d.id = p_id) FOR NO KEY UPDATE;
  IF p_delay_ms IS NOT NULL THEN
    UPDATE sealgate.deliveries d SET due_at = now() + p_delay_ms * interval '1 millisecond', last_error = p_error
    WHERE d.id = p_id AND d.attempts = p_attempts AND d.state = 'w';
    RETURN FOUND;
  END IF;
  IF p_keep_ms IS NULL THEN
    DELETE FROM sealgate.deliveries d WHERE d.id = p_id AND d.attempts = p_attempts AND d.state = 'w' RETURNING d.* INTO v_done;
  ELSE
    UPDATE sealgate.deliveries d SET state = 'd', due_at = now() + p_keep_ms * interval '1 millisecond', last_error = p_error
    WHERE d.id = p_id AND d.attempts = p_attempts AND d.state = 'w' RETURNING d.* INTO v_done;
  END IF;
  IF v_done.id IS NULL THEN RETURN false; END IF;
  UPDATE sealgate.deliveries d SET due_at = now() WHERE d.id = (
    SELECT n.id FROM sealgate.deliveries n
    WHERE n.webhook_id = v_done.webhook_id AND n.bucket_id = v_done.bucket_id AND n.key = v_done.key AND n.state = 'w'
    ORDER BY n.seq LIMIT 1) AND d.due_at = 'infinity';
  RETURN true;
END
$$;
