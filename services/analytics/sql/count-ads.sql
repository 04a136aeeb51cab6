-- Returns the number of ads of an advertiser. Parameter: 1 the advertiser.
SELECT count(*)::integer AS count FROM ads WHERE advertiser = $1
