-- What a backend costs and how quick it is, as its operator says, and the row of the provider catalogue that its facts were
-- taken from. NULL: nobody said.
ALTER TABLE sealgate.backends ADD COLUMN prices jsonb;
ALTER TABLE sealgate.backends ADD COLUMN expected_latency_ms double precision CHECK (expected_latency_ms >= 0);
ALTER TABLE sealgate.backends ADD COLUMN zone text COLLATE "C";

-- Rules of policies may ask for every fact of a backend, so a change of any of them may make a placement wrong.
DROP TRIGGER placement_backend_changed ON sealgate.backends;
CREATE TRIGGER placement_backend_changed AFTER UPDATE ON sealgate.backends FOR EACH ROW WHEN (
  (OLD.provider, OLD.provider_region, OLD.region, OLD.country, OLD.jurisdiction, OLD.operator_jurisdiction, OLD.certificates, OLD.sla,
    OLD.weight, OLD.capabilities, OLD.prices, OLD.expected_latency_ms, OLD.state)
  IS DISTINCT FROM
  (NEW.provider, NEW.provider_region, NEW.region, NEW.country, NEW.jurisdiction, NEW.operator_jurisdiction, NEW.certificates, NEW.sla,
    NEW.weight, NEW.capabilities, NEW.prices, NEW.expected_latency_ms, NEW.state))
  EXECUTE FUNCTION sealgate.next_placement_epoch();
