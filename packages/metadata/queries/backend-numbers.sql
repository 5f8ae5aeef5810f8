SELECT b.num, b.id FROM sealgate.backends b
