SELECT e.tenant_id FROM sealgate.erasures e WHERE e.state <> 'done' ORDER BY e.begun_at LIMIT 1000
