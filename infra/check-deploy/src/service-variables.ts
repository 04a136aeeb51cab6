import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot, SERVICE_NAMES, type ServiceName } from '@ads/local';
import { text } from './shape.js';

/** The programs that are deployed. */
export type Program = ServiceName | 'migrate';
export const PROGRAMS: readonly Program[] = [...SERVICE_NAMES, 'migrate'];

/** A variable as `--print-config` prints it. */
export interface ServiceVariable {
  readonly name: string;
  readonly description: string;
  readonly default?: unknown;
  readonly secret: boolean;
}

/** Variables that Node or the Postgres driver reads. Our programs do not declare them. */
const READ_BY_LIBRARIES = ['NODE_OPTIONS', 'UV_THREADPOOL_SIZE', 'NODE_EXTRA_CA_CERTS'];

const printed = new Map<Program, readonly ServiceVariable[]>();

/** The file that `tsc` writes for a program, which does not have to be bundled for this check. */
export function mainOf(program: Program): string {
  const file = program === 'migrate' ? 'consumer/dist/migrate.js' : `${program}/dist/main.js`;
  return join(projectRoot, 'services', file);
}

/** The program of a container in Kubernetes or of a service in Compose, by its image in any registry. */
export function programOf(container: unknown): Program | undefined {
  const image = text(container, 'image');
  return PROGRAMS.find((program) => new RegExp(`(^|/)ads-metric-tracker/${program}[:@]`).test(image));
}

/** The variables of a program, as the built program itself prints them. */
export function variablesOf(program: Program): readonly ServiceVariable[] {
  const known =
    printed.get(program) ??
    JSON.parse(execFileSync(process.execPath, [mainOf(program), '--print-config'], { encoding: 'utf8' }));
  printed.set(program, known);
  return known;
}

/** The names that a program reads from its environment. */
export function namesReadBy(program: Program): ReadonlySet<string> {
  const names = variablesOf(program).flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]));
  return new Set([...names, ...READ_BY_LIBRARIES]);
}

/** The default of a variable that is a number; NaN if it has none. */
export function defaultOf(program: Program, variable: string): number {
  return Number(variablesOf(program).find(({ name }) => name === variable)?.default);
}
