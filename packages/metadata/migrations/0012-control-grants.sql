-- What tokens of a provider give on the control listener, parsed by the layer that reads it.
ALTER TABLE sealgate.oidc_providers ADD COLUMN grants jsonb NOT NULL DEFAULT '[]';
