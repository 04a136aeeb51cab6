import { type ApiError, invalidRequest, targetTooLong, unavailable, unknownAd } from '../errors.js';
import { adId, withRetryAfter } from './parts.js';
import { otherErrors, tooManyEvents } from './shared-responses.js';
import { notCached } from './tag-parts.js';

const ROOT = 'VAST version="4.2" xmlns="http://www.iab.com/VAST"';
const ERROR =
  '<Error><![CDATA[https://ads.example.com/t/error?ad_id=ad-001&sid=019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d&ts=[TIMESTAMP]&cb=[CACHEBUSTING]&ph=[ADPLAYHEAD]&code=[ERRORCODE]]]></Error>';

function document(description: string, ...examples: readonly [summary: string, value: string][]) {
  return {
    description,
    headers: notCached('no-store', 'No cache may keep the response: each one has a session of its own.'),
    content: {
      'application/xml': {
        schema: { type: 'string', description: 'A VAST 4.2 document.' },
        examples: Object.fromEntries(examples.map(([summary, value], index) => [index + 1, { summary, value }])),
      },
    },
  };
}

/** A document without an ad, because players read no JSON. */
function refused(description: string, error: ApiError) {
  return document(description, [error.message, `<${ROOT}/>\n<!-- ${error.code} -->\n`]);
}

const carried = ['placement', 'source', 'sub1', 'sub2', 'sub3', 'sub4', 'sub5'].map((name) => ({
  name,
  in: 'query',
  description: name.startsWith('sub')
    ? `Value of the macro \`{${name}}\` of \`target_url\`.`
    : `\`${name}\` of all events of the document.`,
  schema: { type: 'string', examples: [name.startsWith('sub') ? 'partner-7' : 'home'] },
}));

export const vastOperation = {
  operationId: 'getVast',
  tags: ['events'],
  summary: 'Get the VAST of an ad',
  description: `Returns a VAST 4.2 document for one view: an InLine, or a Wrapper if the ad has a \`vast_url\`. Its URLs begin with
\`PUBLIC_URL\` and have a new session, within which each event counts once. With \`TAG_SIGNING\`, the URLs have a signature \`sg\` of the
ad, the session and the placement, which expires after \`TAG_SIGNATURE_HOURS\`.

The parameters of the query are copied into every URL, except values that are not 1 to 64 printable characters, and unfilled
macros such as \`[PLACEMENT]\`. An ad that is paused, archived, out of its dates, or without both media and \`vast_url\` gets 200 and a
document without an ad. The response allows requests of any origin with credentials. Serving a document counts nothing.`,
  parameters: [adId, ...carried],
  responses: {
    200: document(
      'The document.',
      ['An ad (shortened)', `<${ROOT}>\n<Ad id="ad-001" adType="video">\n<InLine>…</InLine>\n</Ad>\n</VAST>\n`],
      ['No ad', `<${ROOT}>\n${ERROR}\n</VAST>\n`],
    ),
    400: refused(
      'The path is not valid percent-encoding.',
      invalidRequest('The path contains an invalid percent-encoding.'),
    ),
    404: refused('The ad does not exist. The tag is wrong.', unknownAd('no-such-ad', 404)),
    414: refused('The URL is longer than 8 KiB.', targetTooLong(8_192)),
    429: withRetryAfter(refused('The client has exceeded `RATE_LIMIT_EVENTS_PER_MINUTE`.', tooManyEvents)),
    503: withRetryAfter(
      refused(
        'The ad is not in memory, and Postgres is unavailable.',
        unavailable('The ad cannot be looked up now; retry later.'),
      ),
    ),
    ...otherErrors,
  },
};
