-- The ids of the ads that were added or changed since a time; columns as in read-ad-ids.sql.
-- Parameters: 1 that time in milliseconds by the clock of Postgres, 2 maximum number of ids.
SELECT
  coalesce(string_agg(id, E'\n'), '') AS ids,
  count(*)::integer AS count,
  (date_part('epoch', statement_timestamp()) * 1000)::bigint AS read_at
FROM (SELECT id FROM ads WHERE updated_at >= to_timestamp($1::float8 / 1000) LIMIT $2) changed
