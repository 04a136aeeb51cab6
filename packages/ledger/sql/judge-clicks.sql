-- Advances the gate by clicks, as if none of them was stored yet. Returns the rows that the gate had for their viewers and ads
-- before: `key`, `before_click`, `before_hour` and `before_clicks`. Record the clicks in the same transaction, and undo it if
-- some of them were stored already: see gate.ts. Parameters: arrays of equal length: 1 different keys, 2 times of the latest
-- click in milliseconds, 3 newest Unix hours of receipt, 4 clicks in that hour.
--
-- The rows of the gate are locked in the order of their keys until the commit. The update waits for a batch with clicks of the
-- same viewer and ad, and reads the row that it left, whatever the snapshot is. It moves what the row held before to other
-- columns, because RETURNING has new values only.
WITH gate AS (
  INSERT INTO click_gate AS gate (key, last_click, hour, clicks)
  SELECT key, last_click, hour, clicks
  FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::integer[]) AS given (key, last_click, hour, clicks)
  ORDER BY key
  ON CONFLICT (key) DO UPDATE
    SET before_click = gate.last_click, before_hour = gate.hour, before_clicks = gate.clicks,
        last_click = greatest(gate.last_click, excluded.last_click),
        hour = greatest(gate.hour, excluded.hour),
        clicks = CASE WHEN gate.hour > excluded.hour THEN gate.clicks
                      WHEN gate.hour = excluded.hour THEN gate.clicks + excluded.clicks
                      ELSE excluded.clicks END
  RETURNING key, before_click, before_hour, before_clicks
)
-- As text: a number of JavaScript does not hold every bigint.
SELECT key::text, before_click, before_hour, before_clicks FROM gate WHERE before_click IS NOT NULL
