-- A change of envelopes asks for a new manifest too, but a rotation of many thousands must not make as many. Such a request
-- waits until due_at, and one that came while another was being worked on begins its wait then (delayed).
ALTER TABLE sealgate.recovery_requests ADD COLUMN due_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE sealgate.recovery_requests ADD COLUMN delayed boolean NOT NULL DEFAULT false;
