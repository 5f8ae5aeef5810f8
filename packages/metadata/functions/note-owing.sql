-- The replication intent of a blob that was just published without all of its copies: missing ones become a repair job
-- now. Copies that are still being written stand as pending in the row itself, where find_pending comes by when they
-- should long have come in; it goes by the time in the id, so a blob whose attempt began long ago is noted in owed. A
-- quarter of the wait leaves this transaction three quarters of it to commit in, more than any statement may take.
-- p_owing has the letters of the states that are not stored.
CREATE OR REPLACE FUNCTION sealgate.note_owing(
  p_blob uuid, p_bytes bigint, p_k smallint, p_replicas bytea, p_owing text, p_pending_ms bigint
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF strpos(p_owing, 'p') > 0 AND sealgate.blob_time(p_blob) < now() - p_pending_ms / 4 * interval '1 millisecond' THEN
    -- 4194 bytes a millisecond are 4 MiB a second.
    INSERT INTO sealgate.owed (blob_id, due_at)
    VALUES (p_blob, now() + (p_pending_ms + p_bytes / 4194) * interval '1 millisecond');
  END IF;
  IF strpos(p_owing, 'm') > 0 THEN PERFORM sealgate.enqueue_repair(p_blob, p_replicas, coalesce(p_k, 1)); END IF;
END
$$;
