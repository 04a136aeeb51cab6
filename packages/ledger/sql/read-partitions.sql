-- How many of the days from today on, by Postgres' clock, have all of their partitions, up to the first that has not.
-- Parameter: 1 days to look at.
SELECT coalesce(min(ahead) FILTER (WHERE event_partitions_end(today + ahead) < first_uuid_of(today + ahead + 1)), $1::integer) AS days
FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today) clock, generate_series(0, $1::integer - 1) AS ahead
