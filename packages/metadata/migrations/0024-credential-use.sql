-- When an access key was last used, by the hour: each process writes it at most once an hour. No change that anybody asked for,
-- so there is no entry of it in the log.
ALTER TABLE sealgate.credentials ADD COLUMN last_used_at timestamptz;
