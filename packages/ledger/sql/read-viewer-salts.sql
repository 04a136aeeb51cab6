-- Reads all salts. Returns `day`, in days since 1970, and `salt`, in hexadecimal digits.
SELECT day - '1970-01-01'::date AS day, encode(salt, 'hex') AS salt FROM viewer_salts
