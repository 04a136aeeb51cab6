-- Deletes rows of API keys and shares that ended, and old changes of shares: see migration 27. Returns `pruned`. Parameter: 1 maximum
-- number of rows.
SELECT prune_api_keys($1) AS pruned
