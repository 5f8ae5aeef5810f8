-- Bounds what a credential may do; kept as the text that was given. NULL: everything its tenant may.
ALTER TABLE sealgate.credentials ADD COLUMN policy text;

-- Access control lists name tenants by canonical user id or e-mail address. Addresses are not unique.
CREATE INDEX tenants_by_email ON sealgate.tenants (lower(email)) WHERE email IS NOT NULL;
