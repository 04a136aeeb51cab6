-- The given ads, as the API answers them. Parameter: 1 ids.
SELECT id, ad_as_json(ads) AS ad FROM ads WHERE id = ANY($1)
