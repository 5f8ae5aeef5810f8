-- $1 upload id, $2 part number to go on after, $3 limit
SELECT p.part_number, p.bytes, p.etag, p.checksum, p.inspection, p.blob_id, p.modified_at, b.replicas
FROM sealgate.parts p JOIN sealgate.blobs b ON b.blob_id = p.blob_id
WHERE p.upload = (SELECT u.num FROM sealgate.uploads u WHERE u.upload_id = $1::text AND u.state <> 'a')
  AND p.part_number > $2::smallint
ORDER BY p.part_number
LIMIT $3::integer
