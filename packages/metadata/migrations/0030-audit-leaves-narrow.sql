-- Leaves in less room: they are a quarter of what a version takes. One index finds what is about a key and what is about a
-- blob, by four bytes of a hash instead of eight; whoever reads compares the key or the blob itself. What is about a key is found
-- by the key alone: a blob belongs to one key. An entry's leaf is found without an index, see audit_leaf_of.
-- A table of its own takes over, because one that was rewritten in place would keep its columns' order. Until the end only
-- the sequencer waits, which nobody waits for; no request for an object reads or writes this table.
LOCK TABLE sealgate.audit_leaves IN SHARE ROW EXCLUSIVE MODE;

CREATE TABLE sealgate.audit_leaves_narrow (
  leaf bigint NOT NULL,
  -- Ascends with leaf.
  seq bigint NOT NULL,
  -- As in audit_log.
  bucket_id integer,
  -- First four bytes of SHA-256: of "<bucket>/<key>"; without a key of the blob's id as text; without either of "<bucket>/".
  subject integer,
  hash bytea NOT NULL
);
INSERT INTO sealgate.audit_leaves_narrow (leaf, seq, bucket_id, subject, hash)
SELECT l.leaf, l.seq, l.bucket_id,
  coalesce((coalesce(l.subject, l.blob) >> 32)::integer,
    ('x' || encode(substring(sha256(convert_to(l.bucket_id || '/', 'UTF8')) FROM 1 FOR 4), 'hex'))::bit(32)::integer),
  l.hash
FROM sealgate.audit_leaves l ORDER BY l.leaf;
DROP TABLE sealgate.audit_leaves;
ALTER TABLE sealgate.audit_leaves_narrow RENAME TO audit_leaves;

-- Leaves come in their order, so no page is ever split but the last.
ALTER TABLE sealgate.audit_leaves ADD CONSTRAINT audit_leaves_pkey PRIMARY KEY (leaf) WITH (fillfactor = 100);
CREATE INDEX audit_leaves_by_subject ON sealgate.audit_leaves (bucket_id, subject, leaf) WHERE subject IS NOT NULL;
CREATE TRIGGER append_only_leaves BEFORE UPDATE OR DELETE OR TRUNCATE ON sealgate.audit_leaves
  FOR EACH STATEMENT EXECUTE FUNCTION sealgate.refuse_tree_change();
REVOKE UPDATE, DELETE, TRUNCATE ON sealgate.audit_leaves FROM PUBLIC;
ANALYZE sealgate.audit_leaves;
