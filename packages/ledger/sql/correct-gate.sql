-- Sets rows of the gate that judge-clicks.sql advanced in this transaction to what they are without the clicks that were not
-- inserted. Parameters: arrays: 1 different keys; 2 times of the latest inserted click in milliseconds, 3 newest Unix hours of
-- receipt, 4 clicks in that hour, as for judge-clicks.sql. 2 to 4 may be shorter: the rest is null. They are null for a key
-- without an inserted click.
--
-- The transaction holds the locks of these rows already. A row that did not exist before has null in before_click.
WITH given AS (
  SELECT *
  FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::integer[]) AS given (key, last_click, hour, clicks)
),
deleted AS (
  DELETE FROM click_gate gate USING given
  WHERE gate.key = given.key AND gate.before_click IS NULL AND given.last_click IS NULL
)
UPDATE click_gate gate
SET last_click = greatest(gate.before_click, given.last_click),
    hour = greatest(gate.before_hour, given.hour),
    clicks = CASE WHEN given.hour IS NULL OR gate.before_hour > given.hour THEN gate.before_clicks
                  WHEN gate.before_hour = given.hour THEN gate.before_clicks + given.clicks
                  ELSE given.clicks END
FROM given
WHERE gate.key = given.key AND (gate.before_click IS NOT NULL OR given.last_click IS NOT NULL)
