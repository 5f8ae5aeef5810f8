-- Object versions and the blobs that hold their bytes. These tables are as large as the store is, so their columns go
-- by alignment, words are numbers (sealgate.terms, sealgate.backends.num) and no index is there that nothing needs.
-- No foreign keys from here: the functions that write check under the bucket's advisory lock, which costs no row.

-- The one order of changes. Taken after the key's lock, so that for one key commit order and number order agree.
CREATE SEQUENCE sealgate.change_seq AS bigint;

-- One row a blob: the immutable bytes of one attempt. The primary key is what decides between "published" and "given
-- up": a commit and a clean-up of the same attempt both insert here, and only one can.
CREATE TABLE sealgate.blobs (
  blob_id uuid PRIMARY KEY,
  bytes bigint NOT NULL,
  bucket_id integer NOT NULL,
  -- terms of kind 'c'
  class integer NOT NULL,
  -- Erasure layout: data and parity shards, and bytes of a stripe. NULL: whole copies.
  stripe_bytes integer,
  k smallint,
  m smallint,
  -- Block size of the digest list is 2^block_shift.
  block_shift smallint NOT NULL,
  -- Four bytes a replica: backend number (2), shard (1), state as a letter (1): s stored, p pending, m missing.
  replicas bytea NOT NULL,
  -- SHA-256 of each block, joined. EXTERNAL: digests do not compress, and slices are read without the rest.
  digests bytea NOT NULL
) WITH (fillfactor = 95);
ALTER TABLE sealgate.blobs ALTER COLUMN digests SET STORAGE EXTERNAL;

-- The current version of each key that a GET finds. Delete markers are not here, nor anything older: a listing reads
-- nothing that it does not show, whatever the history of its keys.
CREATE TABLE sealgate.objects (
  seq bigint NOT NULL,
  bytes bigint NOT NULL,
  modified_at timestamptz NOT NULL,
  bucket_id integer NOT NULL,
  -- terms of kind 'c'
  class integer NOT NULL,
  -- terms of kind 'v'
  verdict integer,
  -- 0: put whole. Else the number of parts, found under upload.
  parts smallint NOT NULL,
  -- Put while the bucket had no versioning: S3 calls this version "null".
  is_null boolean NOT NULL,
  -- The blob of a version put whole; of a multipart one that of its first part. Its tail makes the version id unguessable.
  blob_id uuid NOT NULL,
  key text COLLATE "C" NOT NULL,
  -- Packed, see etag.ts: an MD5 takes 16 bytes.
  etag bytea NOT NULL,
  -- Packed, see checksum.ts: one byte of algorithm and type, then the value.
  checksum bytea,
  upload bigint,
  headers jsonb,
  tags jsonb,
  -- The envelope: what a keyless gateway knows of the seal.
  key_version integer,
  encrypted_key text,
  key_id text,
  key_alg text,
  encryption_alg text,
  -- Object lock, access control, gateway-side encryption.
  retain_until timestamptz,
  retention_mode "char",
  legal_hold boolean,
  owner_id text,
  acl jsonb,
  sse jsonb,
  PRIMARY KEY (bucket_id, key)
);

-- Everything else: noncurrent versions, and delete markers even when they are current. Same columns.
-- The current version of a key is its row in objects, or, without one, its newest row here (then a delete marker).
CREATE TABLE sealgate.history (LIKE sealgate.objects INCLUDING DEFAULTS);
ALTER TABLE sealgate.history ADD COLUMN delete_marker boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX history_by_key ON sealgate.history (bucket_id, key, seq DESC);
CREATE UNIQUE INDEX history_null_version ON sealgate.history (bucket_id, key) WHERE is_null;

CREATE TABLE sealgate.uploads (
  num bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  bucket_id integer NOT NULL,
  class integer NOT NULL,
  -- o open, c completed, d completed and its version since removed, a aborted
  state "char" NOT NULL DEFAULT 'o' CHECK (state IN ('o', 'c', 'd', 'a')),
  checksum_algorithm text,
  checksum_type text,
  upload_id text COLLATE "C" NOT NULL UNIQUE,
  key text COLLATE "C" NOT NULL,
  initiator text NOT NULL,
  headers jsonb,
  tags jsonb,
  key_version integer,
  encrypted_key text,
  key_id text,
  key_alg text,
  encryption_alg text,
  -- Object lock, access control and gateway-side encryption of the version to be.
  attributes jsonb,
  -- Of a completed one: the answer, and the digest of the part list that was completed.
  result_seq bigint,
  result_blob uuid,
  result_null boolean,
  result_at timestamptz,
  part_list bytea
);
CREATE INDEX uploads_open ON sealgate.uploads (bucket_id, key, num) WHERE state = 'o';
-- Segments are found by their version's number, also for a reader that began before the version went.
CREATE UNIQUE INDEX uploads_by_result ON sealgate.uploads (result_seq) WHERE result_seq IS NOT NULL;
CREATE INDEX uploads_finished ON sealgate.uploads (finished_at) WHERE state <> 'o';

-- Parts of open uploads, and, once completed, the segments of the version (start_offset is set then). A row goes when
-- its bytes have left the backends, not before: readers under way still need it.
CREATE TABLE sealgate.parts (
  upload bigint NOT NULL,
  bytes bigint NOT NULL,
  start_offset bigint,
  modified_at timestamptz NOT NULL,
  part_number smallint NOT NULL,
  blob_id uuid NOT NULL,
  etag bytea NOT NULL,
  checksum bytea,
  -- What the seal inspection of this part found.
  inspection text,
  PRIMARY KEY (upload, part_number)
);
CREATE INDEX parts_by_offset ON sealgate.parts (upload, start_offset) WHERE start_offset IS NOT NULL;

-- Blobs to be removed from their backends. Says where the blob was referred to, so that the reference is checked again
-- through a primary key before anything is deleted. A lease moves due_at.
CREATE TABLE sealgate.deletions (
  blob_id uuid PRIMARY KEY,
  due_at timestamptz NOT NULL,
  -- The version it was the blob of, or the upload and part.
  seq bigint,
  upload bigint,
  bucket_id integer NOT NULL,
  part_number smallint,
  key text COLLATE "C"
);
CREATE INDEX deletions_due ON sealgate.deletions (due_at);

-- Blobs with copies that should have come in by now, each with the time when it becomes a repair job. The durable intent
-- of replication is the state in blobs.replicas; this is only how the late ones are found (see find_pending). Missing
-- copies become jobs at once and have no row here.
CREATE TABLE sealgate.owed (
  blob_id uuid PRIMARY KEY,
  due_at timestamptz NOT NULL
);

-- The packed replicas as rows, for people and for range work. Never on a request's path.
CREATE VIEW sealgate.blob_replicas AS
  SELECT b.blob_id, b.bucket_id,
    (get_byte(b.replicas, i) * 256 + get_byte(b.replicas, i + 1))::smallint AS backend,
    get_byte(b.replicas, i + 2)::smallint AS shard,
    chr(get_byte(b.replicas, i + 3)) AS state
  FROM sealgate.blobs b, generate_series(0, octet_length(b.replicas) - 4, 4) AS i;
