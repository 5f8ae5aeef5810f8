-- The number of a word; a new word is stored. The second arm answers when another process has just stored it.
-- $1 kind, $2 word
WITH fresh AS (
  INSERT INTO sealgate.terms (kind, value)
  SELECT $1::text::"char", $2::text WHERE NOT EXISTS (SELECT FROM sealgate.terms t WHERE t.kind = $1::text::"char" AND t.value = $2::text)
  ON CONFLICT (kind, value) DO UPDATE SET value = excluded.value
  RETURNING id
)
SELECT id FROM fresh
UNION ALL
SELECT t.id FROM sealgate.terms t WHERE t.kind = $1::text::"char" AND t.value = $2::text
LIMIT 1
