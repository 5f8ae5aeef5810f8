SELECT coalesce((SELECT c.position::text::bigint FROM sealgate.cursors c WHERE c.name = 'audit-requests-removed'), 0) AS before
