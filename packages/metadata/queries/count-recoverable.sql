SELECT count(*) FILTER (WHERE k.owned)::integer AS by_owner, count(*) FILTER (WHERE NOT k.owned)::integer AS others
FROM sealgate.buckets b
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM sealgate.recovery_keys r WHERE r.tenant_id = b.tenant_id) AS owned) k
WHERE b.state = 'active'
