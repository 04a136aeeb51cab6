-- Judges clicks that are not stored yet, under the locks of lock-gate.sql. Returns a row for each invalid one: its `place` in the
-- arrays, from 1, and the number of its `verdict`. Clicks that are stored already have their verdict.
-- Parameters: arrays of equal length: 1 ids, 2 ad ids, 3 viewers, 4 occurred in milliseconds, 5 Unix hours of receipt; 6 milliseconds
-- within which a second click is a double click, 7 clicks per hour of receipt; 0 turns a rule off.
--
-- A click is a double click if the one before it, in the batch or the latest in the gate, is less than the window away. A late
-- click is compared with the latest one of the gate only, so it may be earlier. The gate counts the clicks of the newest hour: a click
-- that was received in an earlier hour is not judged as flood.
SELECT place, CASE WHEN is_double THEN :double_click ELSE :flood END AS verdict
FROM (
  SELECT
    place,
    occurred - lag(occurred) OVER by_time < $6::bigint OR abs(occurred - gate.last_click) < $6 AS is_double,
    $7::integer > 0 AND click.hour >= gate.hour
      AND row_number() OVER by_hour + CASE WHEN gate.hour = click.hour THEN gate.clicks ELSE 0 END > $7 AS is_flood
  FROM (
    SELECT *, hashtextextended(ad_id, viewer) AS key
    FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::integer[])
      WITH ORDINALITY AS given (id, ad_id, viewer, occurred, hour, place)
  ) click
  JOIN click_gate gate USING (key)
  WHERE NOT EXISTS (SELECT FROM ad_events stored WHERE stored.id = click.id AND stored.kind IN (:kinds_in_clicks))
  WINDOW by_time AS (PARTITION BY key ORDER BY occurred, id), by_hour AS (PARTITION BY key, click.hour ORDER BY occurred, id)
) judged
WHERE is_double OR is_flood
