-- The catalogue, oldest first.
SELECT id, image_url, target_url, created_at FROM ads ORDER BY created_at, id
