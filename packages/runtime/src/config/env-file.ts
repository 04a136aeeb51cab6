import { parseEnv } from 'node:util';

/** A `.env` file as variables, and one sentence for each line whose value is not what it looks like. */
export interface EnvFile {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly problems: readonly string[];
}

/** Values in quotes may hold anything, line breaks included. */
const QUOTED_VALUE = /=[ \t]*(?:"[^"]*"|'[^']*'|`[^`]*`)/g;
/** A `#` that follows a value, or the `=`, without a space between, and that more follows. */
const CUT_VALUE = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=(?:[^#]*[^#\s])?#\S/;

/**
 * Reads the text of a `.env` file. Node takes each `#` outside of quotes for the beginning of a comment, Docker Compose only
 * one behind a space: a password such as `a#b` would be `a` here and `a#b` there, so it must be in quotes.
 *
 * @param path for the sentences
 */
export function readEnvFile(text: string, path: string): EnvFile {
  // Editors on Windows put a byte order mark in front, which would become a part of the first name.
  const plain = text.replace(/^\uFEFF/, '');
  const unquoted = plain.replace(QUOTED_VALUE, (value) => `=${value.replace(/[^\n]/g, '')}`);
  const problems = unquoted.split('\n').flatMap((line, index) => {
    const [, name] = CUT_VALUE.exec(line) ?? [];
    if (name === undefined) return [];
    return [`${name}: its value in line ${index + 1} of ${path} ends at "#"; put the value into quotes`];
  });
  return { variables: parseEnv(plain), problems };
}
