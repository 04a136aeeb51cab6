import type Joi from 'joi';

const RULE = 'must be an http or https URL without user, query and fragment, such as https://ads.example.com';

/**
 * A joi rule: the address of the API as players see it. A path is allowed, for a gateway that serves the API below one.
 *
 * @returns the URL without a slash at the end; what a URL cannot contain is percent-encoded
 */
export function toPublicUrl(text: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isBase =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    `${url.username}${url.password}${url.search}${url.hash}` === '';
  // An empty query or fragment leaves its mark in the text only.
  if (!isBase || /[?#]/.test(text)) return helpers.message({ custom: RULE });
  return `${url.origin}${url.pathname}`.replace(/\/$/, '');
}
