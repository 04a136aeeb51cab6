import Joi from 'joi';

/** Characters of the longest text that is read as a number. `MAX_SAFE_INTEGER` has 16 digits. */
const LONGEST_NUMBER = 32;

/** Shared, since joi takes 0.2 ms to check preferences, and every start makes tens of these schemas. */
const failsAtOnce = Joi.string().prefs({ abortEarly: true });

/**
 * A string of at most `longest` characters. A longer one fails without further checks: with `abortEarly: false` joi would
 * apply all other rules, some of which are slow for long texts.
 */
export function limitedText(longest: number): Joi.StringSchema {
  return failsAtOnce.max(longest);
}

const limited: typeof Joi = Joi.extend({
  type: 'number',
  base: Joi.number(),
  prepare: (value: unknown, { error }) =>
    typeof value === 'string' && value.length > LONGEST_NUMBER ? { value, errors: [error('number.base')] } : { value },
});

/**
 * A number, also as text. joi takes quadratic time to read `1.000…010` (16 KB: 190 ms), so texts of more than 32 characters
 * are refused first.
 */
export function limitedNumber(): Joi.NumberSchema {
  return limited.number();
}
