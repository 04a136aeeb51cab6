-- The given ids that are in the catalogue. Parameter: 1 ids.
SELECT id FROM ads WHERE id = ANY($1)
