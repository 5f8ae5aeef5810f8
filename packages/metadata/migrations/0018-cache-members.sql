-- Agreement about the shared cache: one row says which one everybody uses, and who everybody is. Nothing here is worth
-- keeping through a crash of all processes, and nothing of it is audited: it holds no metadata.
CREATE TABLE sealgate.cache_space (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  epoch bigint NOT NULL,
  incarnation text,
  keyspace text,
  CHECK ((incarnation IS NULL) = (keyspace IS NULL))
);
INSERT INTO sealgate.cache_space (epoch) VALUES (0);

CREATE TABLE sealgate.cache_members (
  id text PRIMARY KEY,
  seen bigint NOT NULL,
  drained bigint NOT NULL,
  beat bigint NOT NULL,
  lease_ms bigint NOT NULL,
  reach text
) WITH (fillfactor = 50);
