import { type Detail, detailsOf } from '@ads/models';
import type Joi from 'joi';

/** Problems that an error lists, and characters of the name of an unknown field that it repeats. */
const MOST_DETAILS = 20;
const LONGEST_PATH = 64;

export interface Invalid {
  readonly state: 'invalid';
  readonly details: readonly Detail[];
}

/** Validates a JSON body without converting its values. */
export function checkBody<Value>(
  schema: Joi.ObjectSchema,
  body: unknown,
): { readonly state: 'valid'; value: Value } | Invalid {
  const { value, error } = schema.validate(body, {
    abortEarly: false,
    convert: false,
    errors: { wrap: { label: false } },
  });
  if (error === undefined) return { state: 'valid', value: value as Value };
  return { state: 'invalid', details: detailsOf(error).slice(0, MOST_DETAILS).map(shortened) };
}

const shortened = ({ path, message }: Detail): Detail => ({ path: path.slice(0, LONGEST_PATH), message });
