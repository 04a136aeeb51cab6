-- Events of an ad whose session another viewer used before. Returns one row: `events`.
-- Parameters: 1 ad id; 2 first day and 3 day after the last one, in days since 1970.
SELECT coalesce(sum(events), 0)::float8 AS events
FROM session_reuse
WHERE ad_id = $1 AND day >= '1970-01-01'::date + $2::integer AND day < '1970-01-01'::date + $3::integer
