-- Transactions that took a number and have not ended. Taking one locks the sequence until the transaction's end, before
-- the number is known to anybody, also when it has no transaction id yet.
SELECT DISTINCT l.virtualtransaction AS writer FROM pg_locks l
WHERE l.locktype = 'relation' AND l.relation = 'sealgate.change_seq'::regclass AND l.mode = 'RowExclusiveLock'
  AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
