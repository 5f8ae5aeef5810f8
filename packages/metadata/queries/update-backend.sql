-- What is not given (NULL) stays. $1-$3 actor, $4 backend, $5 provider, $6 region, $7 country, $8 jurisdiction,
-- $9 operator jurisdiction, $10 certificates, $11 SLA changes, $12 SLA, $13 weight,
-- $14 prices change, $15 prices, $16 expected latency changes, $17 expected latency, $18 zone changes, $19 zone
WITH changed AS (
  UPDATE sealgate.backends b SET provider = coalesce($5::text, b.provider), region = coalesce($6::text, b.region),
    country = coalesce($7::text, b.country), jurisdiction = coalesce($8::text, b.jurisdiction),
    operator_jurisdiction = coalesce($9::text, b.operator_jurisdiction), certificates = coalesce($10::text[], b.certificates),
    sla = CASE WHEN $11::boolean THEN $12::text ELSE b.sla END, weight = coalesce($13::double precision, b.weight),
    prices = CASE WHEN $14::boolean THEN $15::jsonb ELSE b.prices END,
    expected_latency_ms = CASE WHEN $16::boolean THEN $17::double precision ELSE b.expected_latency_ms END,
    zone = CASE WHEN $18::boolean THEN $19::text ELSE b.zone END
  WHERE b.id = $4::text AND b.state <> 'retired'
  RETURNING num, id, type, endpoint, provider, provider_region, region, country, jurisdiction, operator_jurisdiction, certificates, sla, weight,
  addressing, custody, agent_id, background_bytes_per_second, background_concurrency, secret, capabilities, probed_at, prices, expected_latency_ms, zone, state, state_changed_at, created_at
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 53, $2::text, $3::inet,
    to_jsonb(c) - 'secret' - 'capabilities' - 'probed_at' - 'created_at' - 'state' - 'state_changed_at' FROM changed c
)
SELECT * FROM changed
