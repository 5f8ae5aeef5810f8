-- $1-$3 actor, $4 id, $5 kinds, $6 backends, $7 hash of the enrolment token, $8 how long it is good
WITH changed AS (
  INSERT INTO sealgate.agents (id, state, kinds, backends, enrolment_hash, enrolment_expires_at)
  VALUES ($4::text, 'enrolling', $5::text[], $6::text[], $7::bytea, now() + $8::bigint * interval '1 millisecond')
  RETURNING id, state, public_key, encryption_key, kinds, backends, epoch, reported, enrolment_expires_at, last_seen_at, created_at
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 100, $2::text, $3::inet, jsonb_build_object('agent', c.id, 'kinds', c.kinds, 'backends', c.backends) FROM changed c
)
SELECT * FROM changed
