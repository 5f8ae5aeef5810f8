-- $1 time, as audit_leaf_at takes it
SELECT sealgate.audit_leaf_at($1::timestamptz) AS leaf
