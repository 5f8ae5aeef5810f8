-- Whether object lock keeps a version from removal. A legal hold always does; retention until its time, but for somebody
-- who may bypass GOVERNANCE and asked to.
CREATE OR REPLACE FUNCTION sealgate.is_locked(p_version sealgate.objects, p_bypass boolean) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT coalesce(p_version.legal_hold, false)
    OR (coalesce(p_version.retain_until > now(), false) AND NOT coalesce(p_bypass AND p_version.retention_mode = 'G', false));
$$;
