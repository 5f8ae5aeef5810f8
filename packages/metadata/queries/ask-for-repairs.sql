-- $1 blobs
SELECT sealgate.ask_for_repairs($1::uuid[]) AS made
