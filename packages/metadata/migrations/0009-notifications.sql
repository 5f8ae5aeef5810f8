-- Webhooks, the changes that some bucket wants told, and the messages that tell of them.

-- Was made for these and never used.
DROP TABLE sealgate.outbox;

CREATE TABLE sealgate.webhooks (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES sealgate.tenants,
  name text COLLATE "C" NOT NULL,
  url text NOT NULL,
  -- Sealed, like credentials.secret: the key that signs messages, and headers that may hold a token (JSON).
  secret bytea,
  headers bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, name)
);

-- Changes of objects in buckets with notifications, each written in the transaction of its change, with the facts that a
-- message tells: a moment later the version may be gone. A row goes in the transaction that makes its messages.
CREATE TABLE sealgate.events (
  -- Of the entry in the audit log. For one key the order of numbers is the order of commits.
  seq bigint PRIMARY KEY,
  at timestamptz NOT NULL,
  bytes bigint,
  version_seq bigint,
  actor integer NOT NULL,
  bucket_id integer NOT NULL,
  -- NULL: the bucket never had versions, so none is named.
  is_null boolean,
  blob_id uuid,
  -- As S3 calls it, e.g. ObjectCreated:Put.
  name text NOT NULL,
  key text COLLATE "C" NOT NULL,
  etag bytea,
  request_id text NOT NULL,
  remote_address inet
);

-- One row a message to one webhook. w waits or is leased, d is a dead letter.
CREATE TABLE sealgate.deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  seq bigint NOT NULL,
  -- A lease moves it. Infinity while an earlier message about the same key has not left. Of a dead letter: when it goes.
  due_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  webhook_id integer NOT NULL REFERENCES sealgate.webhooks ON DELETE CASCADE,
  bucket_id integer NOT NULL,
  attempts smallint NOT NULL DEFAULT 0,
  state "char" NOT NULL DEFAULT 'w' CHECK (state IN ('w', 'd')),
  key text COLLATE "C" NOT NULL,
  message text NOT NULL,
  last_error text
);
CREATE INDEX deliveries_due ON sealgate.deliveries (webhook_id, state, due_at);
CREATE INDEX deliveries_by_key ON sealgate.deliveries (webhook_id, bucket_id, key, seq) WHERE state = 'w';

-- The body is in functions/note-event.sql.
CREATE FUNCTION sealgate.note_event() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
-- On the log and not in the functions that write to it: no way to change an object can forget to tell. Parts and uploads
-- that are under way (4 to 6) are nothing to tell.
CREATE TRIGGER note_event AFTER INSERT ON sealgate.audit_log
  FOR EACH ROW WHEN (NEW.key IS NOT NULL AND NEW.action NOT IN (4, 5, 6)) EXECUTE FUNCTION sealgate.note_event();
