import { tooManyKeys, unknownKey } from '../access-errors.js';
import { keysQuery } from '../key-requests.js';
import { API_PREFIX, ENDPOINTS } from '../paths.js';
import { error, json, queryParameters } from './parts.js';
import { requestErrors, shared } from './shared-responses.js';

const ID = '019b7d6c-90ce-7a3b-9c1d-2e4f5a6b7c8d';

const fields = {
  name: 'Reports of Example Shop',
  scopes: ['read'],
  advertiser: 'Example Shop',
  expires_at: '2027-01-01T00:00:00.000Z',
};
const key = { id: ID, ...fields, created_at: '2026-01-02T03:04:05.678Z', created_by: 'admin' };

const tags = ['keys'];

const common = { 503: shared('PostgresUnavailable'), ...requestErrors };

/** The paths of the API keys. */
export const keysPaths = {
  [`${API_PREFIX}${ENDPOINTS.keys.path}`]: {
    post: {
      operationId: 'createKey',
      tags,
      summary: 'Create an API key',
      description:
        'Creates a key and returns it. It is not shown again. Every replica accepts it within 2 s. A key with an `advertiser` is for ads of that advertiser only; requests for other ads are answered with 404. At most 10,000 keys can exist.',
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/NewKey' }, example: fields } },
      },
      responses: {
        201: json('The new key.', 'CreatedKey', { key: `amt_${'5f'.repeat(32)}`, ...key }),
        400: shared('InvalidBody'),
        409: error('There are too many keys.', tooManyKeys(10_000)),
        413: shared('BodyTooLarge'),
        415: shared('BodyNotJson'),
        ...common,
      },
    },
    get: {
      operationId: 'listKeys',
      tags,
      summary: 'List the API keys',
      description:
        'Returns the name, scopes and id of each key that is not deleted, oldest first. The secret part of a key is not stored, so it is not returned.',
      parameters: queryParameters(keysQuery, { limit: 100, cursor: ID }),
      responses: {
        200: json('A page of keys.', 'Keys', { keys: [key], next_cursor: null }),
        400: shared('InvalidQuery'),
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
        'Deletes a key. Every replica refuses it within 2 s, and ends the live streams and exports that were opened with it, and the shares that it created. A repeated request gets the same answer. The table `api_key_changes` records who created and deleted each key.',
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
