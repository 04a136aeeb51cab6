-- Registers that rules were in force for a time. A stored period of the same rules that overlaps it, or ends or begins shortly
-- after or before, is extended; else a new one is stored.
-- Parameters: 1 who decides by the rules; 2 their hash; 3 the rules; 4 start and 5 end of the period, in milliseconds before now;
-- 6 the longest gap between two periods that are one, in milliseconds.
WITH period AS (
  SELECT now() - $4::float8 * interval '1 ms' AS first, now() - $5::float8 * interval '1 ms' AS last, $6::float8 * interval '1 ms' AS gap
), extended AS (
  UPDATE invalid_traffic_rules
  SET since = least(since, first), until = greatest(until, last)
  FROM period
  WHERE decided_by = $1::text AND hash = $2::text AND since <= last + gap AND until >= first - gap
  RETURNING id
)
INSERT INTO invalid_traffic_rules (decided_by, hash, rules, since, until)
SELECT $1, $2, $3::jsonb, first, last FROM period WHERE NOT EXISTS (SELECT FROM extended)
