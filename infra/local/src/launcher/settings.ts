import { publicAddress, readVariables } from '../../env-file.mjs';
import type { Variables } from '../database.js';

/** The settings of `npm start`, from arguments, the environment and `.env`. */
export interface Settings {
  /** True to begin with empty data. */
  fresh: boolean;
  /** True to run the demo, whose data are apart. */
  demo: boolean;
  /** True to delete the data of the demo. */
  noDemo: boolean;
  /** The public address as given; `checkSettings` validates it. */
  host: string;
  port: number;
  /** All other variables, for the services. */
  variables: Variables;
}

/** Reads `.env` under the real environment. `bootstrap.mjs` has checked the arguments. */
export function readSettings(args: readonly string[], environment: Variables): Settings {
  const variables = readVariables(environment);
  return {
    fresh: args.includes('--fresh'),
    demo: args.includes('--demo'),
    noDemo: args.includes('--no-demo'),
    ...publicAddress(variables),
    variables,
  };
}
