-- Creates the next partition of a day. Returns `made`: 1, or 0 if the day is complete or a lock was not acquired.
-- Parameter: 1 days from today, by the clock of Postgres.
SELECT ensure_event_partitions((now() AT TIME ZONE 'UTC')::date + $1::integer, 1) AS made
