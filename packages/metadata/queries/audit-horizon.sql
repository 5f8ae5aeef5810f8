-- The highest number of a change that was handed out.
SELECT last_value AS last FROM sealgate.change_seq
