-- The number of consecutive days from today, by the clock of Postgres, that have all of their partitions. Parameter: 1 maximum
-- number of days.
SELECT coalesce(min(ahead) FILTER (WHERE event_partitions_end(today + ahead) < first_uuid_of(today + ahead + 1)), $1::integer) AS days
FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today) clock, generate_series(0, $1::integer - 1) AS ahead
