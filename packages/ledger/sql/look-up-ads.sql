-- Which of some ids are in the catalogue. Parameters: 1 the ids.
SELECT id FROM ads WHERE id = ANY($1)
