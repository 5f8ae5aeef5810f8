-- What a version needs to move between redundancy classes, and background work to go on where it stopped.

-- Where the bytes of a version put whole are once they have been written anew; NULL: in blob_id, which goes on naming
-- the version.
ALTER TABLE sealgate.objects ADD COLUMN data_blob uuid;
ALTER TABLE sealgate.history ADD COLUMN data_blob uuid;

-- Who works on a range at the moment, and until when nobody else may begin.
ALTER TABLE sealgate.cursors ADD COLUMN holder text, ADD COLUMN leased_until timestamptz;

-- Uploads that may be forgotten. Those of living versions are never looked at: their segments are found through them.
CREATE INDEX uploads_gone ON sealgate.uploads (finished_at) WHERE state IN ('a', 'd');
DROP INDEX sealgate.uploads_finished;
