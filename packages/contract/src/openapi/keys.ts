import { keyUnverified, tooManyKeys, unknownKey } from '../access-errors.js';
import { invalidFields, payloadTooLarge, unavailable, unsupportedMediaType } from '../errors.js';
import { keysQuery } from '../key-requests.js';
import { API_PREFIX, ENDPOINTS } from '../paths.js';
import { error, json, otherErrors, queryParameters, retryLater, tooManyReads } from './parts.js';

const ID = '019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d';

const fields = {
  name: 'Reports of Example Shop',
  scopes: ['read'],
  advertiser: 'Example Shop',
  expires_at: '2027-01-01T00:00:00.000Z',
};
const key = { id: ID, ...fields, created_at: '2026-01-02T03:04:05.678Z', created_by: 'admin' };

const tags = ['keys'];

const common = {
  429: retryLater('The client has exceeded its limit of reads, which counts these requests too.', tooManyReads),
  503: retryLater('Postgres is unavailable.', unavailable('Postgres is unavailable; retry later.'), keyUnverified()),
  ...otherErrors,
};

/** The paths of the API keys. */
export const keysPaths = {
  [`${API_PREFIX}${ENDPOINTS.keys.path}`]: {
    post: {
      operationId: 'createKey',
      tags,
      summary: 'Create an API key',
      description:
        'Answers with the key, which is not shown again. Only `ADMIN_API_KEY` may manage keys. Every replica accepts the key within 2 s. A key with an `advertiser` sees and changes only ads of that advertiser: other ads are answered with 404. At most 10,000 keys work at a time.',
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/NewKey' }, example: fields } },
      },
      responses: {
        201: json('The new key.', 'CreatedKey', { key: `amt_${'5f'.repeat(32)}`, ...key }),
        400: error('The body is invalid.', invalidFields([{ path: 'name', message: 'name is required' }])),
        409: error('Too many keys work.', tooManyKeys(10_000)),
        413: error('The body is too large.', payloadTooLarge(16_384)),
        415: error('The body is not JSON.', unsupportedMediaType('Unsupported Content-Type; use application/json.')),
        ...common,
      },
    },
    get: {
      operationId: 'listKeys',
      tags,
      summary: 'List the API keys',
      description: 'Returns the keys that are not deleted, oldest first, without the keys themselves.',
      parameters: queryParameters(keysQuery, { limit: 100, cursor: ID }),
      responses: {
        200: json('A page of keys.', 'Keys', { keys: [key], next_cursor: null }),
        400: error(
          'A query parameter is invalid or unknown.',
          invalidFields([{ path: 'limit', message: 'limit must be less than or equal to 1000' }]),
        ),
        ...common,
      },
    },
  },
  [`${API_PREFIX}${ENDPOINTS.deleteKey.path}`]: {
    delete: {
      operationId: 'deleteKey',
      tags,
      summary: 'Delete an API key',
      description:
        'Every replica refuses the key within 2 s, and ends the live streams that it has opened. A repeated request gets the same answer. The table `api_key_changes` has the creators and deleters of keys.',
      parameters: [
        {
          name: 'key_id',
          in: 'path',
          required: true,
          description: 'Id of the key.',
          schema: { type: 'string', format: 'uuid', examples: [ID] },
        },
      ],
      responses: {
        200: json('The key that was deleted.', 'Key', key),
        404: error('The key does not exist.', unknownKey()),
        ...common,
      },
    },
  },
};
