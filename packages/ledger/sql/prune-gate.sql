-- Deletes rows of the gate without a click in the last hours, by the clock of Postgres. Returns `pruned`. Skips locked rows.
-- Parameters: 1 hours that are kept beside the current one, 2 maximum number of rows.
WITH pruned AS (
  DELETE FROM click_gate
  WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM click_gate
    WHERE hour < (SELECT floor(date_part('epoch', now()) / 3600)::bigint - $1::bigint)
    LIMIT $2 FOR UPDATE SKIP LOCKED
  ))
  RETURNING 1
)
SELECT count(*) AS pruned FROM pruned
