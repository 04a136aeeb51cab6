-- Deletes minute buckets that are too old for all windows, by the clock of Postgres. Returns `pruned`. Skips locked rows.
-- Parameters: 1 minutes that are kept, 2 maximum number of rows.
WITH pruned AS (
  DELETE FROM counts_per_minute
  WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM counts_per_minute
    WHERE minute < (SELECT floor(date_part('epoch', now()) / 60)::bigint - $1::bigint)
    LIMIT $2 FOR UPDATE SKIP LOCKED
  ))
  RETURNING 1
)
SELECT count(*) AS pruned FROM pruned
