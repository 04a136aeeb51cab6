-- An ad. Parameter: 1 its id.
SELECT ad_as_json(ads) AS ad FROM ads WHERE id = $1
