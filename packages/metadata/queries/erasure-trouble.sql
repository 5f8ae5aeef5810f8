-- $1 tenant, $2 why its deletion cannot go on, or NULL
UPDATE sealgate.erasures SET trouble = $2::text WHERE tenant_id = $1::uuid AND trouble IS DISTINCT FROM $2::text
