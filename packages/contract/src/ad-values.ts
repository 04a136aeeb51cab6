import { limitedText, readTime } from '@ads/models';

const LONGEST_NAME = 200;
const LONGEST_URL = 2_048;
const LONGEST_TIME = 64;

const NAME_RULE = `{#label} must be 1 to ${LONGEST_NAME} printable characters`;
const URL_RULE = `{#label} must be an http or https URL of at most ${LONGEST_URL} ASCII characters; percent-encode others`;

/** A text for people. */
export const text = limitedText(LONGEST_NAME)
  .pattern(/^[^\p{C}\p{Zl}\p{Zp}]+$/u)
  .messages({ 'string.max': NAME_RULE, 'string.pattern.base': NAME_RULE });
export const name = text.allow(null);

/** A URL that XML can hold in a CDATA section, which ends at the first `]]>`. */
export const url = limitedText(LONGEST_URL)
  .pattern(/^https?:\/\/[!-~]+$/i)
  .custom((text: string, helpers) => (URL.canParse(text) ? text : helpers.error('string.pattern.base')))
  .custom((text: string, helpers) => (text.includes(']]>') ? helpers.error('url.cdata') : text))
  .messages({
    'string.max': URL_RULE,
    'string.pattern.base': URL_RULE,
    'url.cdata': '{#label} must not contain ]]>; percent-encode it as %5D%5D%3E',
  });

const TIME_RULE = '{#label} must be an ISO 8601 time, 1970 or later';

/** A time, which becomes ISO 8601 in UTC. */
export const time = limitedText(LONGEST_TIME)
  .isoDate()
  .messages({ 'string.max': TIME_RULE, 'string.isoDate': TIME_RULE })
  .custom((text: string, helpers) => {
    const at = readTime(text);
    return at === undefined ? helpers.error('string.isoDate') : new Date(at).toISOString();
  })
  .allow(null);
