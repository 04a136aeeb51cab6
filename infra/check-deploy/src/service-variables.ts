import type { Repository } from './repository.js';

/** Our programs that are deployed. */
export const PROGRAMS = ['ingest', 'consumer', 'analytics', 'migrate'] as const;
export type Program = (typeof PROGRAMS)[number];

const RUNTIME = 'packages/runtime/src/variables.ts';
/** Read by Node and by the driver of Postgres, not by us. */
const READ_BY_LIBRARIES = ['NODE_OPTIONS', 'UV_THREADPOOL_SIZE', 'NODE_EXTRA_CA_CERTS', 'PGSSLMODE'];

/**
 * The environment variables that a program reads, taken from its source: from the keys of its table of variables, and of
 * those that it spreads. The sources say it shortest, and nothing of them is imported or started for it.
 */
export function variablesOf(repository: Repository, program: Program): ReadonlySet<string> {
  const tables = readTables(repository.text(RUNTIME));
  const names =
    program === 'migrate'
      ? flatten(tables, 'postgresVariables')
      : flatten(readTables(repository.text(`services/${program}/src/config.ts`), tables), `${program}Variables`);
  return new Set([...names, ...READ_BY_LIBRARIES]);
}

/** The port on which a service listens unless it is told another one. */
export function defaultPortOf(repository: Repository, service: Exclude<Program, 'migrate'>): number {
  const [, port] = /(?:http|server)Variables\((\d+)\)/.exec(repository.text(`services/${service}/src/config.ts`)) ?? [];
  return Number(port);
}

/** The default of a number that a service is not given; empty where it has none. */
export function defaultOf(repository: Repository, service: Exclude<Program, 'migrate'>, variable: string): string {
  const source = repository.text(`services/${service}/src/config.ts`);
  const [, value = ''] = new RegExp(`^\\s*${variable}: [\\s\\S]*?\\.default\\((-?[\\d_]+)\\)`, 'm').exec(source) ?? [];
  return value.replaceAll('_', '');
}

/** The lines of each table, by its name. */
function readTables(source: string, known: ReadonlyMap<string, string[]> = new Map()): Map<string, string[]> {
  const tables = new Map(known);
  const table = /^export (?:const|function) (\w+Variables)\b[^{]*\{\n(?: {2}return \{\n)?([\s\S]*?)^\s*\};?$/gm;
  for (const [, name = '', body = ''] of source.matchAll(table)) tables.set(name, body.split('\n'));
  return tables;
}

function flatten(tables: ReadonlyMap<string, string[]>, name: string): string[] {
  return (tables.get(name) ?? []).flatMap((line) => {
    const [, spread] = /^\s*\.\.\.(\w+)/.exec(line) ?? [];
    if (spread !== undefined) return flatten(tables, spread);
    const [, key, schema = ''] = /^\s*([A-Z][A-Z0-9_]+): (.*)/.exec(line) ?? [];
    if (key === undefined) return [];
    return schema.startsWith('secret') ? [key, `${key}_FILE`] : [key];
  });
}
