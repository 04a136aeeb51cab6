/** Texts that every variable for a host accepts. */
export const HOSTS = ['db', 'db_1.example.com', '10.0.0.7', '::1', 'fe80::1%eth0'];
/** Texts that every variable for a host refuses, mainly URLs. */
export const NO_HOSTS = ['postgres://db', 'db:5432', '[::1]', 'me@db', 'db/ads', 'a b', '-db', 'x'.repeat(300)];
