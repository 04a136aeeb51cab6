-- The ads that were added or changed since a time. Parameters: 1 that time in milliseconds by the clock of Postgres, 2 maximum
-- number of ads. Returns the arrays `ids` and `versions` (`updated_at` as in ad_as_json), and `read_at`, the time of the
-- statement in milliseconds by the clock of Postgres.
SELECT
  coalesce(array_agg(id), '{}') AS ids,
  coalesce(array_agg(to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')), '{}') AS versions,
  (date_part('epoch', statement_timestamp()) * 1000)::bigint AS read_at
FROM (SELECT id, updated_at FROM ads WHERE updated_at >= to_timestamp($1::float8 / 1000) LIMIT $2) changed
