-- Turns changes into the messages that tell of them, in one transaction: whatever happens, each change becomes its
-- messages once. A process that routes what another one just routed changes nothing. p_messages is
-- [{"seq", "webhook", "message"}]; a change without one was of no interest.
--
-- Messages of one webhook about one key leave in the order of their changes: only the first of them is due. The lock on
-- the webhook excludes finish_delivery, which makes the next one due.
CREATE OR REPLACE FUNCTION sealgate.route_events(p_seqs bigint[], p_messages jsonb) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_made integer;
BEGIN
  PERFORM FROM sealgate.webhooks w
  WHERE w.id IN (SELECT m.webhook FROM jsonb_to_recordset(p_messages) AS m(webhook integer))
  ORDER BY w.id FOR NO KEY UPDATE;
  WITH gone AS (
    DELETE FROM sealgate.events e WHERE e.seq = ANY (p_seqs) RETURNING e.seq, e.bucket_id, e.key
  ), made AS (
    SELECT m.webhook, g.seq, g.bucket_id, g.key, m.message,
      row_number() OVER (PARTITION BY m.webhook, g.bucket_id, g.key ORDER BY g.seq) AS place
    FROM jsonb_to_recordset(p_messages) AS m(seq bigint, webhook integer, message text)
    JOIN gone g ON g.seq = m.seq
    JOIN sealgate.webhooks w ON w.id = m.webhook
  )
  INSERT INTO sealgate.deliveries (seq, due_at, webhook_id, bucket_id, key, message)
  SELECT m.seq, CASE WHEN m.place > 1 OR EXISTS (SELECT FROM sealgate.deliveries d WHERE d.webhook_id = m.webhook
      AND d.bucket_id = m.bucket_id AND d.key = m.key AND d.state = 'w') THEN 'infinity' ELSE now() END,
    m.webhook, m.bucket_id, m.key, m.message
  FROM made m ORDER BY m.seq;
  GET DIAGNOSTICS v_made = ROW_COUNT;
  RETURN v_made;
END
$$;
