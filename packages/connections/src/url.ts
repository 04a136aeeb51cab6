import type Joi from 'joi';
import { siblingsOf } from './tls.js';

/** How to write characters that separate the parts of a URL. */
export const ESCAPES = 'in a password write # / ? @ : % as %23 %2F %3F %40 %3A %25';

/**
 * Parses the address of a server.
 *
 * @param form the expected form, for the error
 * @throws Error that contains no secret
 */
export function readUrl(text: string, form: string): URL {
  if (!URL.canParse(text)) throw new Error(`${form}; ${ESCAPES}`);
  return new URL(text);
}

/** Decodes the user or the password of a URL; undefined if it is empty. @throws Error that contains no secret */
export function decoded(text: string): string | undefined {
  try {
    return text === '' ? undefined : decodeURIComponent(text);
  } catch {
    throw new Error('has an invalid % code in its user or password: to use a literal %, write it as %25');
  }
}

/** The host of a URL, without the brackets of an IPv6 address; undefined if it is empty. */
export function hostOf(url: URL): string | undefined {
  return decoded(url.hostname.replace(/^\[(.*)\]$/, '$1'));
}

/** A joi rule that parses a URL, and reports the message of an error. */
export function toUrl<Result>(read: (text: string) => Result) {
  return (text: string, helpers: Joi.CustomHelpers): Result | Joi.ErrorReport => {
    try {
      return read(text);
    } catch (error) {
      return helpers.message({ custom: (error as Error).message });
    }
  };
}

/**
 * A joi rule for a variable that a URL may name too: both must be equal.
 *
 * @param urlName the variable of the URL. It must be declared before this one
 * @param part the name of the part in the parsed URL
 */
export function asInUrl(urlName: string, part: string) {
  return (value: unknown, helpers: Joi.CustomHelpers): unknown => {
    const url = siblingsOf(helpers)[urlName];
    const inUrl = typeof url === 'object' ? (url as Readonly<Record<string, unknown>> | null)?.[part] : undefined;
    if (inUrl === undefined || inUrl === value) return value;
    return helpers.message({ custom: `contradicts ${urlName}, which names another value: set only one of them` });
  };
}
