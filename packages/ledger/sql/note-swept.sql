-- Notes that old events were deleted from all partitions. Parameter: 1 their time of receipt, milliseconds since the epoch.
UPDATE event_retention SET swept_until = to_timestamp($1::float8 / 1000)
WHERE swept_until < to_timestamp($1::float8 / 1000)
