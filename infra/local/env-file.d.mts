type Variables = Readonly<Record<string, string | undefined>>;

/** Returns the variables of `.env` under those of the environment, without empty ones. */
export function readVariables(environment: Variables): Variables;

/** Returns the public address of `npm start` as given. */
export function publicAddress(variables: Variables): { readonly host: string; readonly port: number };
