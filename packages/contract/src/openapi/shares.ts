import { tooManyNewShares, tooManyShares, unknownCampaign, unknownShare } from '../access-errors.js';
import { invalidFields, rateLimited, unknownAd } from '../errors.js';
import { API_PREFIX, ENDPOINTS } from '../paths.js';
import { sharesQuery } from '../share-requests.js';
import { error, json, queryParameters, retryLater } from './parts.js';
import { CLIENT, requestErrors, shared } from './shared-responses.js';

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

const common = { 503: shared('PostgresUnavailable'), ...requestErrors };

/** The paths of the shares. */
export const sharesPaths = {
  [`${API_PREFIX}${ENDPOINTS.shares.path}`]: {
    post: {
      operationId: 'createShare',
      tags,
      summary: 'Share the numbers of an ad or a campaign',
      description:
        'Creates a share and returns its secret, which is not shown again. A client sends the secret as its API key. It opens the report, the play times and the diagnostics of the ad, or of the ads of the campaign, and the names, state and dates of these ads, and nothing else. A link to the dashboard has it in the fragment: `/dashboard/report#share=SECRET`. Every replica accepts the secret within 2 s. The share ends at `expires_at`, and with the API key that creates it: `expires_at` is no later than the expiry of that key, and the deletion of the key ends the share. At most 5,000 shares can exist. Keys create at most 500 shares of one advertiser, and 5,000 in all, within 24 hours, and at most 500 shares of one advertiser can exist; `ADMIN_API_KEY` is exempt from that.',
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
        409: error('There are too many shares.', tooManyShares(5_000, 'all'), tooManyShares(500, 'advertiser')),
        413: shared('BodyTooLarge'),
        415: shared('BodyNotJson'),
        ...common,
        429: retryLater(
          'The client has exceeded `RATE_LIMIT_READS_PER_MINUTE`, or keys created too many shares within 24 hours.',
          rateLimited(600, CLIENT),
          tooManyNewShares(3_600),
        ),
      },
    },
    get: {
      operationId: 'listShares',
      tags,
      summary: 'List the shares',
      description:
        'Returns the shares that are neither expired nor revoked, oldest first, without their secrets. A key with an `advertiser` gets its own shares only.',
      parameters: queryParameters(sharesQuery, { ad_id: 'ad-001', campaign: 'summer', limit: 100, cursor: ID }),
      responses: {
        200: json('A page of shares.', 'Shares', { shares: [share], next_cursor: null }),
        400: shared('InvalidQuery'),
        ...common,
      },
    },
  },
  [`${API_PREFIX}${ENDPOINTS.currentShare.path}`]: {
    get: {
      operationId: 'readCurrentShare',
      tags,
      summary: 'Get the ad or campaign of a share',
      description: 'Returns what the share of the request opens, for clients that have its secret only.',
      responses: {
        200: json('The ad or the campaign, and the end of the share.', 'CurrentShare', opened),
        404: error('The request has `ADMIN_API_KEY` in place of a share.', unknownShare()),
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
        'Revokes a share. Every replica refuses it within 2 s, and ends its exports. A repeated request gets the same answer. The table `api_key_changes` records who created and revoked each share.',
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
