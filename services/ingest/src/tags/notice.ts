import type { ApiError } from '@ads/contract';
import { type Content, linesOf } from '@ads/http';

interface Notice {
  readonly title: string;
  readonly text: string;
}

/** By status. */
const NOTICES: Readonly<Record<number, Notice>> = {
  404: { title: 'Link not found', text: 'This link belongs to an ad that does not exist any more.' },
  429: { title: 'Too many requests', text: 'Please wait a minute, then open the link again.' },
  503: {
    title: 'Link not available',
    text: 'This link cannot be opened at the moment. Please try again in a few seconds.',
  },
};
const INVALID: Notice = {
  title: 'Invalid link',
  text: 'This link is incomplete or damaged. Please open it again from the page where you found it.',
};
const FAILED: Notice = { title: 'Something went wrong', text: 'This link cannot be opened. Please try again later.' };

const LINES = linesOf(['Cache-Control', 'no-store', 'X-Robots-Tag', 'noindex, nofollow']);

/** The body of an error of a link that a person opened. It contains no text from the request. */
export function noticeOf({ status }: ApiError): Content {
  const { title, text } = NOTICES[status] ?? (status < 500 ? INVALID : FAILED);
  const body = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<h1>${title}</h1>
<p>${text}</p>
</html>
`;
  return { body, type: 'text/html; charset=utf-8', lines: LINES };
}
