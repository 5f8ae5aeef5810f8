SELECT h.reason, (extract(epoch FROM h.since) * 1000)::float8 AS since FROM sealgate.holds h WHERE h.name = 'orphan-sweep'
