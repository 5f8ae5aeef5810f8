-- Hours of usage are removed by age, whosever they are.
CREATE INDEX usage_hourly_by_hour ON sealgate.usage_hourly (hour);
