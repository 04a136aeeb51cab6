-- Run once, by the Postgres image, when it makes the data: the role that the services log in as, which owns nothing.
\getenv password ADS_PASSWORD
CREATE ROLE ads LOGIN PASSWORD :'password';
