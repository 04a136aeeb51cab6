import { parse } from 'node:querystring';
import { type Detail, detailsOf, limitedText } from '@ads/models';
import Joi from 'joi';

/** Maximum number of values of one filter. */
const FILTER_VALUES = 1_000;
const LONGEST_TIME = 64;
const LONGEST_ZONE = 64;
/** Maximum number of characters of an unknown parameter's name that an error repeats. */
const LONGEST_NAME = 64;
/** Maximum number of unknown parameters that an error names. */
const MOST_NAMED = 10;

/** A date or a time. */
export const timeParameter = () => limitedText(LONGEST_TIME);

/** A time zone; UTC by default. */
export const zoneParameter = () => limitedText(LONGEST_ZONE).default('UTC');

/** A parameter that may be repeated. @param one the schema of one value */
export const filterParameter = (name: string, one: Joi.StringSchema) =>
  Joi.array().items(one.label(name)).max(FILTER_VALUES);

/** The schema of each parameter of a query. `describe()` of joi would take 2 to 15 ms of every start for each query. */
export function parametersOf(query: Joi.ObjectSchema): Readonly<Record<string, Joi.Schema>> {
  const keys: readonly { key: string; schema: Joi.Schema }[] = query.$_terms.keys;
  return Object.fromEntries(keys.map(({ key, schema }) => [key, schema]));
}

export type StrictQueryResult<Query> =
  | { readonly state: 'query'; readonly query: Query }
  | { readonly state: 'invalid'; readonly details: Detail[] };

/**
 * Returns a function that reads a query, the part of the URL after the question mark. An unknown parameter is an error: if a
 * misspelt filter were ignored, the query would select everything.
 *
 * @param subject names the answers in the error message, in the plural: `reports`
 * @param hint the error message for an unknown parameter; undefined for the general one
 */
export function strictReader<Query>(
  schema: Joi.ObjectSchema,
  subject: string,
  hint: (name: string) => string | undefined = () => undefined,
): (text: string) => StrictQueryResult<Query> {
  const parameters = parametersOf(schema);
  const names = Object.keys(parameters);
  return (text) => {
    // By default `parse` drops all parameters after the first 1,000. The headers are limited to 16 KB.
    const fields: Record<string, unknown> = { ...parse(text, '&', '=', { maxKeys: 0 }) };
    const unknown = Object.keys(fields).filter((name) => !names.includes(name));
    if (unknown.length > 0) {
      const message = `unknown parameter; ${subject} have the parameters ${names.join(', ')}`;
      const details = unknown
        .slice(0, MOST_NAMED)
        .map((name) => ({ path: name.slice(0, LONGEST_NAME), message: hint(name) ?? message }));
      return { state: 'invalid', details };
    }
    for (const [name, value] of Object.entries(fields)) {
      if (parameters[name]?.type === 'array') fields[name] = [value].flat();
    }
    const { value, error } = schema.validate(fields, { abortEarly: false, errors: { wrap: { label: false } } });
    return error
      ? { state: 'invalid', details: detailsOf(error).map(ofParameter) }
      : { state: 'query', query: value as Query };
  };
}

/** Names the parameter only: joi adds the index of a repeated one. */
function ofParameter({ path, message }: Detail): Detail {
  return { path: path.split('.', 1)[0] ?? path, message };
}
