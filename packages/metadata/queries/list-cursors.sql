-- $1 beginning of the names
SELECT c.name, c.position, (extract(epoch FROM c.updated_at) * 1000)::float8 AS updated_at, coalesce(c.leased_until > now(), false) AS leased
FROM sealgate.cursors c WHERE starts_with(c.name, $1::text) ORDER BY c.name LIMIT 2000
