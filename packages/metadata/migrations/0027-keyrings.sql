-- The root is that of the first keyring; the digest is what the next one names.
ALTER TABLE sealgate.keyrings ADD COLUMN root_key_id text COLLATE "C" NOT NULL;
ALTER TABLE sealgate.keyrings ADD COLUMN digest text COLLATE "C" NOT NULL;
