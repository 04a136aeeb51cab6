-- The ids of the ads that were created last, newest first. Parameter: 1 maximum number of ids. Returns `ids` (an array) and
-- `read_at`, the time of the statement in milliseconds by the clock of Postgres.
SELECT
  coalesce(array_agg(id ORDER BY created_at DESC, id DESC), '{}') AS ids,
  (date_part('epoch', statement_timestamp()) * 1000)::bigint AS read_at
FROM (SELECT id, created_at FROM ads ORDER BY created_at DESC, id DESC LIMIT $1) newest
