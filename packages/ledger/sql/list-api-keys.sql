-- A page of the keys that are not deleted, without shares, in the order of their ids. Parameters: 1 the last id of the previous
-- page, or null; 2 keys per page.
SELECT api_key_as_json(api_keys) AS key
FROM api_keys
WHERE deleted_at IS NULL AND 'share' <> ALL (scopes) AND ($1::uuid IS NULL OR id > $1)
ORDER BY id
LIMIT $2
