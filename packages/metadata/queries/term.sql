-- $1 number
SELECT t.value FROM sealgate.terms t WHERE t.id = $1::integer
