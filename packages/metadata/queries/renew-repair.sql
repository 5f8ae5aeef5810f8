-- $1 job
SELECT sealgate.renew_repair($1::uuid)
