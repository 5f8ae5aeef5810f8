-- $1 hash of the enrolment token, $2 public key, $3 encryption key, $4 request, $5 remote address, $6 who: its own term
WITH changed AS (
  UPDATE sealgate.agents SET state = 'active', public_key = $2::bytea, encryption_key = $3::bytea, enrolment_hash = NULL,
    enrolment_expires_at = NULL
  WHERE enrolment_hash = $1::bytea AND state = 'enrolling' AND enrolment_expires_at > now()
  RETURNING id, state, public_key, encryption_key, kinds, backends, epoch, reported, enrolment_expires_at, last_seen_at, created_at
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $6::integer, 101, $4::text, $5::inet, jsonb_build_object('agent', c.id, 'key', encode(sha256(c.public_key), 'hex')) FROM changed c
)
SELECT * FROM changed
