-- A page of the ids of the catalogue, sorted, one per line. Reading one text takes far less time than reading rows. Parameters:
-- 1 the last id of the previous page ('' for the first), 2 ids per page. Returns `ids`, their `count`, and `read_at`, the time
-- of the statement in milliseconds by the clock of Postgres.
SELECT
  coalesce(string_agg(id, E'\n' ORDER BY id), '') AS ids,
  count(*)::integer AS count,
  (date_part('epoch', statement_timestamp()) * 1000)::bigint AS read_at
FROM (SELECT id FROM ads WHERE id > $1 ORDER BY id LIMIT $2) page
