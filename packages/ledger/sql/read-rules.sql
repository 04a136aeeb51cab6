-- The rules that were in force at some time of a range, newest first. `since` and `until` are in milliseconds since the epoch;
-- `until` is null for rules that still are.
-- Parameters: 1 start and 2 end of the range, not included, in milliseconds since the epoch; 3 the time in milliseconds after which
-- rules that no process has registered again are no longer in force; 4 the maximum number of rows.
SELECT decided_by, hash, rules,
       round(extract(epoch FROM lower(period)) * 1000)::float8 AS since,
       round(extract(epoch FROM upper(period)) * 1000)::float8 AS until
FROM (
  SELECT decided_by, hash, rules, unnest(range_agg(tstzrange(since, ending, '[]'))) AS period
  FROM invalid_traffic_rules
  CROSS JOIN LATERAL (
    SELECT CASE WHEN until < now() - $3::float8 * interval '1 ms' THEN until END AS ending
  ) AS ended
  GROUP BY 1, 2, 3
) AS merged
WHERE period && tstzrange(to_timestamp($1::float8 / 1000), to_timestamp($2::float8 / 1000))
ORDER BY since DESC, decided_by, hash
LIMIT $4
