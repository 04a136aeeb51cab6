-- Deletes counts of reused sessions of old UTC days, by the clock of Postgres. Returns `pruned`. Skips locked rows.
-- Parameters: 1 days that are kept beside the current one, 2 maximum number of rows.
WITH pruned AS (
  DELETE FROM session_reuse
  WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM session_reuse
    WHERE day < (SELECT (now() AT TIME ZONE 'UTC')::date - $1::integer)
    LIMIT $2 FOR UPDATE SKIP LOCKED
  ))
  RETURNING 1
)
SELECT count(*) AS pruned FROM pruned
