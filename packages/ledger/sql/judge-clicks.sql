-- Judges clicks as if none of them was stored yet, and advances the gate by them. Returns a row for each invalid one: its `place`
-- in the arrays, from 1, and the number of its `verdict`. Record the clicks in the same transaction, and undo it if some of them
-- were stored already: see gate.ts.
-- Parameters: arrays of equal length: 1 ids, 2 ad ids, 3 viewers, 4 occurred in milliseconds, 5 Unix hours of receipt; 6
-- milliseconds within which a second click is a double click, 7 clicks per hour of receipt; 0 turns a rule off.
--
-- The rows of the gate are locked in the order of their keys until the commit. The update waits for a batch with clicks of the same
-- viewer and ad, and reads the row that it left, whatever the snapshot is. It moves what the row held before to other columns,
-- because RETURNING has new values only.
--
-- A click is a double click if the one before it, in the batch or the latest in the gate, is less than the window away. A late
-- click is compared with the latest one of the gate only, so it may be earlier. The gate counts the clicks of the newest hour: a
-- click that was received in an earlier hour is not judged as flood.
WITH click AS MATERIALIZED (
  SELECT *, hashtextextended(ad_id, viewer) AS key
  FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::integer[])
    WITH ORDINALITY AS given (id, ad_id, viewer, occurred, hour, place)
),
gate AS (
  INSERT INTO click_gate AS gate (key, last_click, hour, clicks)
  -- The newest hour of each key comes first and is taken.
  SELECT DISTINCT ON (key) key, max(occurred) OVER (PARTITION BY key), hour, count(*) OVER (PARTITION BY key, hour)
  FROM click
  ORDER BY key, hour DESC
  ON CONFLICT (key) DO UPDATE
    SET before_click = gate.last_click, before_hour = gate.hour, before_clicks = gate.clicks,
        last_click = greatest(gate.last_click, excluded.last_click),
        hour = greatest(gate.hour, excluded.hour),
        clicks = CASE WHEN gate.hour > excluded.hour THEN gate.clicks
                      WHEN gate.hour = excluded.hour THEN gate.clicks + excluded.clicks
                      ELSE excluded.clicks END
  RETURNING key, before_click, before_hour, before_clicks
)
SELECT place, CASE WHEN is_double THEN :double_click ELSE :flood END AS verdict
FROM (
  SELECT
    place,
    occurred - lag(occurred) OVER by_time < $6::bigint OR abs(occurred - before_click) < $6 AS is_double,
    $7::integer > 0 AND hour >= coalesce(before_hour, hour)
      AND row_number() OVER by_hour + CASE WHEN before_hour = hour THEN before_clicks ELSE 0 END > $7 AS is_flood
  FROM click JOIN gate USING (key)
  WINDOW by_time AS (PARTITION BY key ORDER BY occurred, id), by_hour AS (PARTITION BY key, hour ORDER BY occurred, id)
) judged
WHERE is_double OR is_flood
