import type { Variables } from '../database.js';

/** Variables that name a server of the user. The first one that is set gives the address to print. */
const NAMED_BY = {
  Postgres: ['DATABASE_URL', 'DATABASE_URL_FILE', 'POSTGRES_HOST'],
  Redis: ['REDIS_URL', 'REDIS_URL_FILE', 'REDIS_SENTINELS', 'REDIS_CLUSTER_NODES', 'REDIS_HOST'],
  NATS: ['NATS_URL', 'NATS_URL_FILE'],
} as const;

/** The port is printed after the host of these variables. */
const PORTS: Readonly<Record<string, readonly [name: string, usual: number]>> = {
  POSTGRES_HOST: ['POSTGRES_PORT', 5432],
  REDIS_HOST: ['REDIS_PORT', 6379],
};

/** Variables of a connection, which have no meaning for a server that `npm start` runs. */
const CONNECTION = {
  Postgres: /^POSTGRES_(PORT|USER|DB|SCHEMA|SSLMODE|PASSWORD|PASSWORD_FILE|TLS_\w+)$/,
  Redis: /^REDIS_(PORT|USER|DB|SSLMODE|PASSWORD|PASSWORD_FILE|TLS_\w+|SENTINEL_\w+)$/,
  NATS: /^NATS_(USER|PASSWORD|TOKEN|NKEY|CREDS|SSLMODE|TLS_\w+|JS_\w+|PASSWORD_FILE|TOKEN_FILE|NKEY_FILE|CREDS_FILE)$/,
} as const;

export type ServerName = keyof typeof NAMED_BY;

/** The address of the user's own server, without its password; undefined if `npm start` runs the server. */
export function ownServer(name: ServerName, variables: Variables): string | undefined {
  const variable = NAMED_BY[name].find((one) => variables[one] !== undefined);
  if (variable === undefined) return undefined;
  if (variable.endsWith('_FILE')) return `from ${variable}`;
  const [port, usual] = PORTS[variable] ?? [];
  const address = withoutSecrets(String(variables[variable]));
  return port === undefined ? address : `${address}:${variables[port] ?? usual}`;
}

/** The variables that are set and name a server of the user. */
export function ownServers(variables: Variables): string[] {
  return Object.values(NAMED_BY)
    .flat()
    .filter((name) => variables[name] !== undefined);
}

/** Hides the variables of a connection to another server: undefined also hides those of this process. */
export function withoutConnection(name: ServerName, variables: Variables): Variables {
  const hidden = Object.keys(variables).filter((variable) => CONNECTION[name].test(variable));
  return Object.fromEntries(hidden.map((variable) => [variable, undefined]));
}

function withoutSecrets(url: string): string {
  return url.replaceAll(/\/\/[^/]*@/g, '//').replace(/\?.*$/, '');
}
