import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Joi from 'joi';
import { readEnvFile } from './env-file.js';

/** Environment variables: text, or absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One joi schema for each variable of the configuration `T`. */
export type Variables<T> = { readonly [Name in keyof T]-?: Joi.Schema };

/** The configuration does not allow a start. `problems` has one line for each problem to fix. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Bad configuration:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Reads the environment of this process and the `.env` file in `cwd`, if there is one. The environment takes precedence.
 * @throws ConfigError if the `.env` file cannot be read or one of its values is cut off at a `#`
 */
export function readEnvironment(cwd = process.cwd()): Environment {
  const path = join(cwd, '.env');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { ...process.env };
    throw new ConfigError([`${path}: cannot be read (${codeOf(error)})`]);
  }
  const { variables, problems } = readEnvFile(text, path);
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...variables, ...process.env };
}

/** The passwords in the manifests, and the defaults of Compose, begin with it. Everybody can read them. */
const PLACEHOLDER = 'placeholder-of-';
const PLACEHOLDER_REFUSED =
  'is a public placeholder; set a password of your own, or PLACEHOLDER_PASSWORDS=allow for a trial';

/**
 * Creates the frozen configuration of a process. An empty variable counts as unset. The value of a schema with
 * `.meta({ secret: true })` may come from the file that `NAME_FILE` names, and must not be a public placeholder unless
 * `PLACEHOLDER_PASSWORDS` is `allow`.
 * @throws ConfigError that names every bad variable and contains no secret
 */
export function loadConfig<T extends object>(env: Environment, variables: Variables<T>): Readonly<T> {
  const schemas = Object.entries<Joi.Schema>(variables);
  const problems = new Map<string, string>();
  const raw: Record<string, string> = {};
  for (const [name, schema] of schemas) {
    try {
      const value = isSecret(schema) ? readSecret(env, name) : present(env[name]);
      if (value === undefined) continue;
      raw[name] = value;
      if (isSecret(schema) && value.includes(PLACEHOLDER) && env.PLACEHOLDER_PASSWORDS !== 'allow') {
        problems.set(name, PLACEHOLDER_REFUSED);
      }
    } catch (error) {
      problems.set(name, (error as Error).message);
    }
  }

  const { value, error } = Joi.object(variables).validate(raw, {
    abortEarly: false,
    errors: { label: false },
  });
  for (const { path, message: withReferences } of error?.details ?? []) {
    // joi writes `ref:NAME` where a limit is the value of another variable.
    const message = withReferences.replaceAll('ref:', '');
    const name = String(path[0]);
    // A secret whose file cannot be read is also missing here: keep the first problem.
    if (problems.has(name)) continue;
    const schema = variables[name as keyof T];
    problems.set(name, isSecret(schema) ? withoutValue(message, raw[name]) : message);
  }
  if (problems.size > 0) {
    throw new ConfigError([...problems].map(([name, reason]) => `${name}: ${reason}`));
  }
  return Object.freeze(value);
}

/** The names of the secrets that are public placeholders. */
export function placeholdersIn<T extends object>(config: Readonly<T>, variables: Variables<T>): string[] {
  return Object.entries<Joi.Schema>(variables)
    .filter(
      ([name, schema]) => isSecret(schema) && JSON.stringify(config[name as keyof T])?.includes(PLACEHOLDER) === true,
    )
    .map(([name]) => name);
}

/** True if the variable is a secret, whose value may come from the file that `NAME_FILE` names. */
export function isSecret(schema: Joi.Schema): boolean {
  const metas: readonly { secret?: boolean }[] = schema.$_terms.metas ?? [];
  return metas.some((meta) => meta.secret === true);
}

function readSecret(env: Environment, name: string): string | undefined {
  const value = present(env[name]);
  const path = present(env[`${name}_FILE`]);
  if (path === undefined) return value;
  if (value !== undefined) throw new Error(`set either ${name} or ${name}_FILE, not both`);
  try {
    return present(
      readFileSync(path, 'utf8')
        .replace(/^\uFEFF/, '')
        .replace(/\r?\n$/, ''),
    );
  } catch (error) {
    throw new Error(`${name}_FILE cannot be read: ${path} (${codeOf(error)})`);
  }
}

function present(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function withoutValue(message: string, value: string | undefined): string {
  return value !== undefined && message.includes(value) ? 'is not valid (not shown)' : message;
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code ?? error);
}
