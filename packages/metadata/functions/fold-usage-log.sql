-- Adds what the log says of buckets' bytes to bucket_usage, and to the hours in which they were stored. Each entry counts
-- once: the position moves in the same transaction. Gives how many entries it went over; 0 also when another process is
-- at it.
--
-- usage_hourly has byte-seconds ('s'). An hour that begins gets the bytes that each bucket has then, for its whole length;
-- a change within it adds (or takes) its bytes for what is left of the hour, and for every whole hour that has begun since.
CREATE OR REPLACE FUNCTION sealgate.fold_usage_log(p_limit integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_position jsonb;
  v_seq bigint;
  v_last bigint;
  v_hour timestamptz;
  v_target timestamptz;
  v_settled timestamptz;
  v_count integer;
BEGIN
  INSERT INTO sealgate.cursors (name, position) VALUES ('usage', '{"seq": 0, "hour": null}') ON CONFLICT DO NOTHING;
  SELECT c.position INTO v_position FROM sealgate.cursors c WHERE c.name = 'usage' FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN 0; END IF;
  v_seq := (v_position ->> 'seq')::bigint;
  v_hour := (v_position ->> 'hour')::timestamptz;
  v_settled := sealgate.settled_before();
  WITH batch AS (
    SELECT a.seq, a.at FROM sealgate.audit_log a WHERE a.seq > v_seq ORDER BY a.seq LIMIT p_limit
  ), settled AS (
    SELECT b.seq, b.at FROM batch b
    WHERE b.seq < coalesce((SELECT min(y.seq) FROM batch y WHERE y.at >= v_settled), 9223372036854775807)
  )
  SELECT count(*), max(s.seq), max(date_trunc('hour', s.at)) INTO v_count, v_last, v_target FROM settled s;
  -- The end of the log: the hour of the clock has begun as well.
  IF v_count < p_limit THEN v_target := greatest(v_target, date_trunc('hour', v_settled)); END IF;
  v_hour := coalesce(v_hour, (SELECT date_trunc('hour', min(a.at)) FROM sealgate.audit_log a WHERE a.seq > v_seq AND a.seq <= v_last), v_target);
  INSERT INTO sealgate.usage_hourly AS h (hour, tenant_id, bucket_id, metric, amount)
  SELECT t.hour, b.tenant_id, b.id, 's', u.bytes::numeric * 3600
  FROM generate_series(v_hour + interval '1 hour', v_target, interval '1 hour') AS t(hour), sealgate.bucket_usage u
    JOIN sealgate.buckets b ON b.id = u.bucket_id
  WHERE u.bytes <> 0
  ON CONFLICT (tenant_id, hour, bucket_id, backend, class, metric) DO UPDATE SET amount = h.amount + excluded.amount;
  v_hour := greatest(v_hour, v_target);
  INSERT INTO sealgate.usage_hourly AS h (hour, tenant_id, bucket_id, metric, amount)
  SELECT t.hour, b.tenant_id, b.id, 's', sum(a.bytes_delta * CASE WHEN t.hour = date_trunc('hour', a.at)
    THEN 3600 - extract(epoch FROM a.at - t.hour) ELSE 3600 END)
  FROM sealgate.audit_log a JOIN sealgate.buckets b ON b.id = a.bucket_id,
    generate_series(date_trunc('hour', a.at), v_hour, interval '1 hour') AS t(hour)
  WHERE a.seq > v_seq AND a.seq <= v_last AND a.bytes_delta <> 0
  GROUP BY t.hour, b.tenant_id, b.id
  ON CONFLICT (tenant_id, hour, bucket_id, backend, class, metric) DO UPDATE SET amount = h.amount + excluded.amount;
  INSERT INTO sealgate.bucket_usage AS u (bucket_id, versions, bytes)
  SELECT a.bucket_id, coalesce(sum(a.versions_delta), 0), coalesce(sum(a.bytes_delta), 0)
  FROM sealgate.audit_log a
  WHERE a.seq > v_seq AND a.seq <= v_last AND a.bucket_id IS NOT NULL AND (a.bytes_delta <> 0 OR a.versions_delta <> 0)
  GROUP BY a.bucket_id
  ON CONFLICT (bucket_id) DO UPDATE SET versions = u.versions + excluded.versions, bytes = u.bytes + excluded.bytes;
  UPDATE sealgate.cursors c SET updated_at = now(), position = jsonb_build_object('seq', coalesce(v_last, v_seq), 'hour', v_hour)
  WHERE c.name = 'usage' AND (v_last IS NOT NULL OR c.position ->> 'hour' IS DISTINCT FROM v_hour::text);
  RETURN v_count;
END
$$;
