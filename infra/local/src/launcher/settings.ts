import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Variables } from '../database.js';
import { projectRoot } from '../project.js';

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
  const envFile = join(projectRoot, '.env');
  // Removes the byte order mark that some editors on Windows write.
  const fromFile = existsSync(envFile) ? parseEnv(readFileSync(envFile, 'utf8').replace(/^\uFEFF/, '')) : {};
  // The services do not use the variables that npm sets for its scripts.
  const own = Object.entries(environment).filter(([name]) => !name.startsWith('npm_'));
  const variables = Object.fromEntries(
    Object.entries({ ...fromFile, ...Object.fromEntries(own) })
      // An empty value, as in a copy of .env.example, means that the variable is unset.
      .filter(([, value]) => value !== ''),
  );
  return {
    fresh: args.includes('--fresh'),
    demo: args.includes('--demo'),
    noDemo: args.includes('--no-demo'),
    host: variables.HTTP_HOST ?? '127.0.0.1',
    port: Number(variables.HTTP_PORT ?? 8080),
    variables,
  };
}
