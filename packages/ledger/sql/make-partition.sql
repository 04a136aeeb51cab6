-- Makes the next partition of a day; how many it made: 1, or 0 where the day is whole or a lock was not to be had.
-- Parameter: 1 days from today on, by Postgres' clock.
SELECT ensure_event_partitions((now() AT TIME ZONE 'UTC')::date + $1::integer, 1) AS made
