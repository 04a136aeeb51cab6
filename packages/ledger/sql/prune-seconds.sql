-- Deletes second buckets that are too old for all windows, by the clock of Postgres. Returns `pruned`. Skips locked rows.
-- Parameters: 1 seconds that are kept, 2 maximum number of rows.
WITH pruned AS (
  DELETE FROM counts_per_second
  WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM counts_per_second
    WHERE second < (SELECT floor(date_part('epoch', now()))::bigint - $1::bigint)
    LIMIT $2 FOR UPDATE SKIP LOCKED
  ))
  RETURNING 1
)
SELECT count(*) AS pruned FROM pruned
