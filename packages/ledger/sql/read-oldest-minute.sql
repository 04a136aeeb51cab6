-- `oldest_minute`: the first minute whose counts per minute are complete, by the clock of Postgres.
-- Parameter: 1 minutes that are kept.
SELECT greatest(minutes_from, floor(date_part('epoch', now()) / 60) - $1::bigint)::float8 AS oldest_minute
FROM event_retention
