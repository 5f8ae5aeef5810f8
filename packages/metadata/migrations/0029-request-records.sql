-- How requests are recorded for one tenant, one bucket. NULL: as the gateway, as the tenant. The stricter of both holds.
ALTER TABLE sealgate.tenants
  ADD COLUMN request_records text CHECK (request_records IN ('off', 'batched', 'synchronous'));
ALTER TABLE sealgate.buckets
  ADD COLUMN request_records text CHECK (request_records IN ('off', 'batched', 'synchronous'));
