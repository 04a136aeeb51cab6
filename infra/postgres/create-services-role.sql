-- Creates the role of the services, which owns nothing. The Postgres image runs this once, when it initialises its data.
\getenv password ADS_PASSWORD
CREATE ROLE ads LOGIN PASSWORD :'password';
