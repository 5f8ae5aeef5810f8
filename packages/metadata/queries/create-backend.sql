-- $1-$3 actor, $4 id, $5 type, $6 endpoint, $7 provider, $8 provider region, $9 region, $10 country, $11 jurisdiction,
-- $12 operator jurisdiction, $13 certificates, $14 SLA, $15 weight, $16 addressing, $17 custody, $18 sealed credentials,
-- $19 agent, $20 bytes a second and $21 calls at once of background work,
-- $22 prices, $23 expected latency, $24 zone of the catalogue
WITH changed AS (
  INSERT INTO sealgate.backends (id, type, endpoint, provider, provider_region, region, country, jurisdiction, operator_jurisdiction, certificates,
    sla, weight, addressing, custody, secret, agent_id, background_bytes_per_second, background_concurrency, prices, expected_latency_ms, zone)
  VALUES ($4::text, $5::text, $6::text, $7::text, $8::text, $9::text, $10::text, $11::text, $12::text, $13::text[], $14::text,
    $15::double precision, $16::text, $17::text, $18::bytea, $19::text, $20::bigint, $21::smallint, $22::jsonb, $23::double precision, $24::text)
  RETURNING num, id, type, endpoint, provider, provider_region, region, country, jurisdiction, operator_jurisdiction, certificates, sla, weight,
  addressing, custody, agent_id, background_bytes_per_second, background_concurrency, secret, capabilities, probed_at, prices, expected_latency_ms, zone, state, state_changed_at, created_at
), logged AS (
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, remote_address, detail)
  SELECT nextval('sealgate.change_seq'), clock_timestamp(), $1::integer, 50, $2::text, $3::inet, to_jsonb(c) - 'secret' - 'capabilities' - 'probed_at' - 'created_at' - 'state_changed_at' FROM changed c
)
SELECT * FROM changed
