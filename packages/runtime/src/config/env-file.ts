import { parseEnv } from 'node:util';

/** The variables of a `.env` file, and one problem for each line whose value is cut off. */
export interface EnvFile {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly problems: readonly string[];
}

/** A value in quotes may contain any character, including line breaks. */
const QUOTED_VALUE = /=[ \t]*(?:"[^"]*"|'[^']*'|`[^`]*`)/g;
/** A `#` with no space before it and more text after it. */
const CUT_VALUE = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=(?:[^#]*[^#\s])?#\S/;

/**
 * Parses a `.env` file. For Node, every `#` outside quotes begins a comment; for Docker Compose, only one after a space. A
 * password such as `a#b` would be `a` in one and `a#b` in the other, so it must be in quotes.
 *
 * @param path path of the file, for the problems
 */
export function readEnvFile(text: string, path: string): EnvFile {
  // Some Windows editors write a byte order mark, which would become part of the first name.
  const plain = text.replace(/^\uFEFF/, '');
  const unquoted = plain.replace(QUOTED_VALUE, (value) => `=${value.replace(/[^\n]/g, '')}`);
  const problems = unquoted.split('\n').flatMap((line, index) => {
    const [, name] = CUT_VALUE.exec(line) ?? [];
    if (name === undefined) return [];
    return [`${name}: its value in line ${index + 1} of ${path} ends at "#"; put the value into quotes`];
  });
  return { variables: parseEnv(plain), problems };
}
