-- Deletes minute buckets that are not kept any more, by the clock of Postgres, and notes the first minute that is left. Returns
-- `pruned`. Skips locked rows. Parameters: 1 minutes that are kept, 2 maximum number of rows.
--
-- One minute more is kept than reports show, because minutes may be pruned after a report has read the first minute and before
-- it reads the counts.
--
-- When the retention is raised, consumers with the shorter value may run for up to an hour more. They do not count late events
-- in minutes that are too old for them, so these minutes are not complete.
WITH clock AS (
  SELECT floor(date_part('epoch', now()) / 60)::bigint AS minute
),
noted AS (
  UPDATE event_retention SET
    minutes_from = greatest(
      minutes_from, clock.minute - $1::bigint - 1, CASE WHEN minutes_kept < $1 THEN clock.minute - minutes_kept + 60 END),
    minutes_kept = $1
  FROM clock
  WHERE minutes_from < clock.minute - $1 - 1 OR minutes_kept IS DISTINCT FROM $1
),
pruned AS (
  DELETE FROM counts_per_minute
  WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM counts_per_minute
    WHERE minute < (SELECT minute - $1 - 1 FROM clock)
    LIMIT $2 FOR UPDATE SKIP LOCKED
  ))
  RETURNING 1
)
SELECT count(*) AS pruned FROM pruned
