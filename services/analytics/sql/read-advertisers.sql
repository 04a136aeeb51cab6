-- The advertisers of some ads. Parameter: 1 ad ids. Returns `id` and `advertiser`, null for an ad without one.
SELECT id, advertiser FROM ads WHERE id = ANY($1::text[])
