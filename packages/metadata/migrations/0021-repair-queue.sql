-- The repair queue in the order in which it is worked at, so that a batch out of many reads as many rows as it takes.
-- Expression and partial: what waits for its next try has no place in that order before its time has come.
CREATE INDEX sealgate_repairs_due ON pgboss.job ((-priority), created_on, id) WHERE name = 'repair' AND state = 'created';
CREATE INDEX sealgate_repairs_later ON pgboss.job (start_after) WHERE name = 'repair' AND state = 'retry';
CREATE INDEX job_leases_by_end ON sealgate.job_leases (leased_until);
