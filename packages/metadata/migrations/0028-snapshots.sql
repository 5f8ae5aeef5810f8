ALTER TABLE sealgate.snapshot_files ADD COLUMN storage_class text COLLATE "C" NOT NULL;
-- Snapshots go by age, whosever they are, and are listed so for operators.
CREATE INDEX snapshots_by_time ON sealgate.snapshots (created_at, id);
-- An import was made after a look at its source; it does not need that look any more.
ALTER TABLE sealgate.imports DROP CONSTRAINT imports_snapshot_id_fkey;
ALTER TABLE sealgate.imports ADD CONSTRAINT imports_snapshot_id_fkey
  FOREIGN KEY (snapshot_id) REFERENCES sealgate.snapshots ON DELETE SET NULL;
CREATE INDEX imports_by_snapshot ON sealgate.imports (snapshot_id) WHERE snapshot_id IS NOT NULL;
