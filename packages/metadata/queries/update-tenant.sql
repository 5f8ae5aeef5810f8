-- $1-$3 actor, $4 id, $5 the change: only members that are there are set
WITH changed AS (
  UPDATE sealgate.tenants SET
    state = coalesce($5::jsonb ->> 'state', state),
    default_encryption = coalesce($5::jsonb ->> 'defaultEncryption', default_encryption),
    display_name = coalesce($5::jsonb ->> 'displayName', display_name),
    settings = coalesce($5::jsonb -> 'settings', settings),
    quota_bytes = CASE WHEN $5::jsonb -> 'quotas' ? 'bytes' THEN ($5::jsonb #>> '{quotas,bytes}')::bigint ELSE quota_bytes END,
    quota_objects = CASE WHEN $5::jsonb -> 'quotas' ? 'objects' THEN ($5::jsonb #>> '{quotas,objects}')::bigint ELSE quota_objects END,
    quota_requests_per_second = CASE WHEN $5::jsonb -> 'quotas' ? 'requestsPerSecond'
      THEN ($5::jsonb #>> '{quotas,requestsPerSecond}')::integer ELSE quota_requests_per_second END,
    request_records = CASE WHEN $5::jsonb ? 'requestRecords' THEN $5::jsonb ->> 'requestRecords' ELSE request_records END,
    policy_name = CASE WHEN $5::jsonb ? 'policyName' THEN $5::jsonb ->> 'policyName' ELSE policy_name END
  WHERE id = $4::uuid AND state IN ('active', 'suspended')
  RETURNING id, name, owner_id, display_name, email, namespace, state, default_encryption, policy_name, settings, quota_bytes, quota_objects, quota_requests_per_second, request_records, created_at
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 31, $2::text, $3::inet, jsonb_build_object('tenant', c.id, 'change', $5::jsonb) FROM changed c
)
SELECT * FROM changed
