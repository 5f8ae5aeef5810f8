-- $1 beginning of the names, $2 a text that positions hold as a value, however deep
SELECT count(*)::integer AS count FROM sealgate.cursors c
WHERE starts_with(c.name, $1::text)
  AND jsonb_path_exists(c.position, 'strict $.** ? (@ == $text)', jsonb_build_object('text', $2::text), true)
