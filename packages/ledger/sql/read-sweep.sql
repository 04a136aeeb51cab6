-- The partitions from which old events should be deleted now, one row each: none if that was done within the last day.
-- `old_until` is the time of receipt (milliseconds since the epoch) before which events are deleted.
-- Parameter: 1 days for which events are kept.
SELECT partition, extract(epoch FROM old_until)::float8 * 1000 AS old_until
FROM (SELECT removable_until($1::integer) - interval '24 hours' AS old_until) removable, event_retention,
     swept_partitions() AS partition
WHERE old_until >= swept_until + interval '24 hours'
ORDER BY partition
