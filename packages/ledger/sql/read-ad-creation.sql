-- The ad that a request with an idempotency key created, as it was then, and the hash of the request. Parameter: 1 the key.
SELECT new AS ad, request_hash FROM ad_changes WHERE idempotency_key = $1
