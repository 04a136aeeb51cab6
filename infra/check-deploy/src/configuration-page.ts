import { projectRoot, SERVICE_NAMES } from '@ads/local';
import { openRepository } from './repository.js';
import { PROGRAMS, type ServiceVariable, variablesOf } from './service-variables.js';

/** The page that lists every variable of the services. */
export const CONFIGURATION_PAGE = 'services/CONFIGURATION.md';

const repository = openRepository(projectRoot);
/** The files that may declare variables. */
const SOURCES = ['packages', 'services'].flatMap((folder) =>
  repository.files(folder, /\/src\/.*\.ts$/).map((file) => ({ file, text: repository.text(file) })),
);

const HEAD = `# Configuration

Written by \`npm run generate\` from the variables that each program prints with \`--print-config\`. The last column names the
file that declares a variable with its default and its description.

A program reads its variables from the environment and from a \`.env\` file in its working directory; the environment wins. An
empty variable counts as unset. An invalid value stops the start with one message that names every invalid variable. An unknown name that resembles a known one is logged as a warning. In \`.env\`, put a value that contains \`#\` into quotes.

Variables marked \\* are secrets. They can also come from a file: \`POSTGRES_PASSWORD_FILE=/run/secrets/postgres\`.

| variable | default | read by | meaning | declared in |
|---|---|---|---|---|
`;

/** The text of the page: a row for each variable, in the order in which the programs print them. */
export function configurationPage(): string {
  const readers = new Map<string, { program: string; variable: ServiceVariable }[]>();
  for (const program of PROGRAMS) {
    for (const variable of variablesOf(program)) {
      readers.set(variable.name, [...(readers.get(variable.name) ?? []), { program, variable }]);
    }
  }
  const rows = [...readers].map(([name, read]) => {
    const [first] = read;
    const programs = read.map(({ program }) => program).join(', ');
    const secret = first?.variable.secret === true ? ' \\*' : '';
    return `| \`${name}\`${secret} | ${defaults(read)} | ${programs.replace(SERVICE_NAMES.join(', '), 'every service')} | ${first?.variable.description} | ${declaringFiles(name)} |\n`;
  });
  return HEAD + rows.join('');
}

/** The default of a variable. If programs have different defaults, each default with its programs. */
function defaults(read: readonly { program: string; variable: ServiceVariable }[]): string {
  const programs = new Map<string, string[]>();
  for (const { program, variable } of read) {
    const value = variable.default === undefined ? 'none' : `\`${variable.default}\``;
    programs.set(value, [...(programs.get(value) ?? []), program]);
  }
  const values = [...programs];
  return values.length === 1
    ? (values[0]?.[0] ?? '')
    : values.map(([value, names]) => `${value} (${names.join(', ')})`).join(', ');
}

/** The source files that declare a variable of this name, as inline code. */
function declaringFiles(name: string): string {
  const declaration = new RegExp(`^ +${name}: `, 'm');
  const files = SOURCES.filter(({ text }) => declaration.test(text)).map(({ file }) => `\`${file}\``);
  if (files.length === 0) throw new Error(`No file declares ${name}.`);
  return files.join(', ');
}
