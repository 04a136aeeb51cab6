-- Locks the rows of the gate that belong to some clicks, until the end of the transaction, and inserts the missing ones. The
-- condition of the update is never true: an existing row is locked and not written. Run it before judge-clicks.sql, whose snapshot
-- then sees every click of these viewers and ads that was recorded before.
-- Parameters are arrays of equal length: 1 ad ids, 2 viewers, 3 Unix hours of receipt. Locks are taken in the order of the keys.
INSERT INTO click_gate AS gate (key, hour)
SELECT hashtextextended(ad_id, viewer) AS key, min(hour)
FROM unnest($1::text[], $2::bigint[], $3::integer[]) AS click (ad_id, viewer, hour)
GROUP BY 1
ORDER BY 1
ON CONFLICT (key) DO UPDATE SET hour = gate.hour WHERE false
