import { keyUnverified, tooManyShares, unknownCampaign, unknownShare } from '../access-errors.js';
import { invalidFields, payloadTooLarge, unavailable, unknownAd, unsupportedMediaType } from '../errors.js';
import { API_PREFIX, ENDPOINTS } from '../paths.js';
import { sharesQuery } from '../share-requests.js';
import { error, json, otherErrors, queryParameters, retryLater, tooManyReads } from './parts.js';

const ID = '019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d';

const opened = {
  ad_id: null,
  campaign: 'summer',
  advertiser: 'Example Shop',
  expires_at: '2026-02-01T00:00:00.000Z',
};
const body = { name: 'Weekly call', campaign: 'summer', advertiser: 'Example Shop', expires_at: opened.expires_at };
const share = { id: ID, name: body.name, ...opened, created_at: '2026-01-02T03:04:05.678Z', created_by: 'admin' };

const tags = ['shares'];

const common = {
  429: retryLater('The client has exceeded its limit of reads, which counts these requests too.', tooManyReads),
  503: retryLater('Postgres is unavailable.', unavailable('Postgres is unavailable; retry later.'), keyUnverified()),
  ...otherErrors,
};

/** The paths of the shares. */
export const sharesPaths = {
  [`${API_PREFIX}${ENDPOINTS.shares.path}`]: {
    post: {
      operationId: 'createShare',
      tags,
      summary: 'Share the numbers of an ad or a campaign',
      description:
        'Answers with the secret of a link, which is not shown again. Send it as the key of a request. It opens the report, play times and diagnostics of the ad or of the ads of the campaign, and these ads themselves, and nothing else. The dashboard takes it from the fragment of its address: `/dashboard/report#share=SECRET`. Every replica accepts it within 2 s. At most 5,000 shares work at a time.',
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/NewShare' }, example: body } },
      },
      responses: {
        201: json('The new share.', 'CreatedShare', { secret: `ams_${'5f'.repeat(32)}`, ...share }),
        400: error(
          'The body is invalid.',
          invalidFields([{ path: 'ad_id', message: 'either ad_id or campaign is required' }]),
        ),
        404: error(
          'The ad does not exist, or no ad has the campaign.',
          unknownAd('no-such-ad', 404),
          unknownCampaign(),
        ),
        409: error('Too many shares work.', tooManyShares(5_000)),
        413: error('The body is too large.', payloadTooLarge(16_384)),
        415: error('The body is not JSON.', unsupportedMediaType('Unsupported Content-Type; use application/json.')),
        ...common,
      },
    },
    get: {
      operationId: 'listShares',
      tags,
      summary: 'List the shares',
      description:
        'Returns the shares that work, oldest first, without their secrets. A key with an `advertiser` sees its own only.',
      parameters: queryParameters(sharesQuery, { ad_id: 'ad-001', campaign: 'summer', limit: 100, cursor: ID }),
      responses: {
        200: json('A page of shares.', 'Shares', { shares: [share], next_cursor: null }),
        400: error(
          'A query parameter is invalid or unknown.',
          invalidFields([{ path: 'limit', message: 'limit must be less than or equal to 1000' }]),
        ),
        ...common,
      },
    },
  },
  [`${API_PREFIX}${ENDPOINTS.currentShare.path}`]: {
    get: {
      operationId: 'readCurrentShare',
      tags,
      summary: 'Tell what the share of the request opens',
      description: 'For clients that have nothing but the secret of a share.',
      responses: {
        200: json('The ad or the campaign, and the end of the share.', 'CurrentShare', opened),
        404: error('The request has `ADMIN_API_KEY`, and no share.', unknownShare()),
        ...common,
      },
    },
  },
  [`${API_PREFIX}${ENDPOINTS.deleteShare.path}`]: {
    delete: {
      operationId: 'deleteShare',
      tags,
      summary: 'Revoke a share',
      description:
        'Every replica refuses the share within 2 s. A repeated request gets the same answer. The table `api_key_changes` has the creators and deleters of shares.',
      parameters: [
        {
          name: 'share_id',
          in: 'path',
          required: true,
          description: 'Id of the share.',
          schema: { type: 'string', format: 'uuid', examples: [ID] },
        },
      ],
      responses: {
        200: json('The share that was revoked.', 'Share', share),
        404: error('The share does not exist.', unknownShare()),
        ...common,
      },
    },
  },
};
