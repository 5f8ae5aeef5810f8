-- The repair queue in the order in which it is worked at, so that a batch out of many reads as many rows as it takes.
-- Expression and partial: what waits for its next try has no place in that order before its time has come.
-- The queue's schema may be older than this one: a restoration that is tried again finds the indexes there.
CREATE INDEX IF NOT EXISTS sealgate_repairs_due ON pgboss.job ((-priority), created_on, id) WHERE name = 'repair' AND state = 'created';
CREATE INDEX IF NOT EXISTS sealgate_repairs_later ON pgboss.job (start_after) WHERE name = 'repair' AND state = 'retry';
CREATE INDEX job_leases_by_end ON sealgate.job_leases (leased_until);
