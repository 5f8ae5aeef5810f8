SELECT e.epoch FROM sealgate.placement_epoch e
