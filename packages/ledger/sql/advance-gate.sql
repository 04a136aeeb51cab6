-- A part of record-batch.sql: advances the gate by the clicks that it inserted and that the gate has judged. Their rows are locked by
-- lock-gate.sql.
gate AS (
  UPDATE click_gate gate
  SET last_click = greatest(gate.last_click, passed.last_click),
      hour = greatest(gate.hour, passed.hour),
      clicks = CASE WHEN gate.hour > passed.hour THEN gate.clicks
                    WHEN gate.hour = passed.hour THEN gate.clicks + passed.clicks
                    ELSE passed.clicks END
  FROM (
    -- Of each key the newest hour.
    SELECT DISTINCT ON (key) key, hour, count(*) OVER (PARTITION BY key, hour) AS clicks,
           max(occurred) OVER (PARTITION BY key) AS last_click
    FROM (
      SELECT hashtextextended(ad_id, viewer) AS key,
             floor(date_part('epoch', received_at) / 3600)::integer AS hour,
             round(date_part('epoch', occurred_at) * 1000)::bigint AS occurred
      FROM recorded
      WHERE kind IN (:kinds_in_clicks) AND viewer IS NOT NULL
        AND (verdict IS NULL OR verdict IN (:double_click, :flood))
    ) clicks
    ORDER BY key, hour DESC
  ) passed
  WHERE gate.key = passed.key
),
