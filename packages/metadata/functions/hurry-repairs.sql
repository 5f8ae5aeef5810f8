-- A backend is back: jobs that wait because of it, or only might, need not wait any longer.
CREATE OR REPLACE FUNCTION sealgate.hurry_repairs(p_backend smallint) RETURNS bigint
LANGUAGE sql AS $$
  WITH hurried AS (
    UPDATE pgboss.job j SET start_after = now()
    FROM sealgate.blob_replicas r
    WHERE j.name = 'repair' AND j.state < 'active' AND j.start_after > now()
      AND r.blob_id = (j.data ->> 'blobId')::uuid AND r.backend = p_backend AND r.state = 'm'
    RETURNING j.id
  )
  SELECT count(*) FROM hurried
$$;
