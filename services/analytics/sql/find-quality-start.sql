-- The id of the newest event of all ads that diagnostics do not read because there are `most` newer ones in the range; no row if
-- there are fewer. Reads the primary key backwards, so its cost depends on `most` only.
-- Parameters: 1 first id and 2 id after the last one, both not included; 3 most.
SELECT id FROM ad_events WHERE id > $1::uuid AND id < $2::uuid ORDER BY id DESC OFFSET $3 LIMIT 1
