-- $1 sequence of the version, $2 part number to go on after, $3 limit
SELECT p.part_number, p.bytes, p.checksum
FROM sealgate.parts p
WHERE p.upload = (SELECT u.num FROM sealgate.uploads u WHERE u.result_seq = $1::bigint) AND p.part_number > $2::smallint
  AND p.start_offset IS NOT NULL
ORDER BY p.part_number
LIMIT $3::integer
