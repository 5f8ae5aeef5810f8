-- How many secrets each passphrase version seals. The tables are those of sealed-rows.sql.
SELECT v.version, count(s.version)::integer AS sealed
FROM sealgate.secret_versions v LEFT JOIN (
  SELECT get_byte(secret, 0) AS version FROM sealgate.credentials
  UNION ALL SELECT get_byte(session_token, 0) FROM sealgate.credentials WHERE session_token IS NOT NULL
  UNION ALL SELECT get_byte(secret, 0) FROM sealgate.backends WHERE secret IS NOT NULL
  UNION ALL SELECT get_byte(secret, 0) FROM sealgate.webhooks WHERE secret IS NOT NULL
  UNION ALL SELECT get_byte(headers, 0) FROM sealgate.webhooks WHERE headers IS NOT NULL
  UNION ALL SELECT get_byte(sealed, 0) FROM sealgate.object_keys
  UNION ALL SELECT get_byte(sealed, 0) FROM sealgate.audit_keys
) s ON s.version = v.version
GROUP BY v.version ORDER BY v.version
