import Joi from 'joi';

/** The longest text that is read as a number: `MAX_SAFE_INTEGER` has 16 digits. */
const LONGEST_NUMBER = 32;

/**
 * A text of at most `longest` characters. The length is checked first and nothing else is checked when it is exceeded:
 * with `abortEarly: false` joi would go on with the other rules, some of which take long for a long text.
 */
export function limitedText(longest: number): Joi.StringSchema {
  return Joi.string().max(longest).prefs({ abortEarly: true });
}

const limited: typeof Joi = Joi.extend({
  type: 'number',
  base: Joi.number(),
  prepare: (value: unknown, { error }) =>
    typeof value === 'string' && value.length > LONGEST_NUMBER ? { value, errors: [error('number.base')] } : { value },
});

/**
 * A number that may come as text. The time that joi takes to read `1.000…010` as a number grows with the square of its
 * length (16 KB: 190 ms), so a longer text is refused before.
 */
export function limitedNumber(): Joi.NumberSchema {
  return limited.number();
}
