-- Deletes second buckets that no window sees any more, by Postgres' clock; how many. It waits for no lock.
-- Parameters: 1 seconds that are kept, 2 rows to delete at most.
WITH pruned AS (
  DELETE FROM clicks_per_second
  WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM clicks_per_second
    WHERE second < (SELECT floor(date_part('epoch', now()))::bigint - $1::bigint)
    LIMIT $2 FOR UPDATE SKIP LOCKED
  ))
  RETURNING 1
)
SELECT count(*) AS pruned FROM pruned
