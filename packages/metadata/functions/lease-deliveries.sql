-- Leases due messages: their time moves on by the lease, and the try counts whether or not its taker lives to tell. No
-- webhook gets more than its share, so one that does not answer holds up nobody else. Dead letters that were kept long
-- enough go on the way.
CREATE OR REPLACE FUNCTION sealgate.lease_deliveries(p_limit integer, p_share integer, p_busy integer[], p_lease_ms bigint)
RETURNS TABLE (o_id bigint, o_attempts smallint, o_webhook integer, o_message text, o_created_at timestamptz)
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM sealgate.deliveries d USING sealgate.webhooks w
  WHERE d.webhook_id = w.id AND d.state = 'd' AND d.due_at <= now();
  RETURN QUERY
    UPDATE sealgate.deliveries d SET due_at = now() + p_lease_ms * interval '1 millisecond', attempts = d.attempts + 1
    FROM (SELECT l.id FROM sealgate.webhooks w CROSS JOIN LATERAL (
        SELECT x.id FROM sealgate.deliveries x WHERE x.webhook_id = w.id AND x.state = 'w' AND x.due_at <= now()
        ORDER BY x.due_at LIMIT p_share FOR UPDATE SKIP LOCKED) l
      WHERE w.id <> ALL (p_busy)
      LIMIT p_limit) due
    WHERE d.id = due.id
    RETURNING d.id, d.attempts, d.webhook_id, d.message, d.created_at;
END
$$;
