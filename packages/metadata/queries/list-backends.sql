SELECT num, id, type, endpoint, provider, provider_region, region, country, jurisdiction, operator_jurisdiction, certificates, sla, weight,
  addressing, custody, agent_id, background_bytes_per_second, background_concurrency, secret, capabilities, probed_at, prices, expected_latency_ms, zone, state, state_changed_at, created_at FROM sealgate.backends ORDER BY id
