import { openTestServers, type TestServers } from '@ads/local';
import { ENDPOINT_KINDS, EVENT_KINDS } from '@ads/models';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from './support/client.js';
import { type ContractStack, openContractStack } from './support/contract-stack.js';
import { expectError } from './support/errors.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

let testServers: TestServers;
let contract: ContractStack;
let client: Client;

beforeAll(async () => {
  testServers = openTestServers();
  contract = await openContractStack(testServers);
  client = contract.client;
});

afterAll(() => testServers.release());

/** Alternates between paths with and without the prefix. */
const EVENTS = ENDPOINT_KINDS.map((kind, index) => ({
  kind,
  path: `${index % 2 === 0 ? '/api/v1' : ''}/ads/${kind}`,
  id: EVENT_KINDS[kind].idField,
}));

describe.each(EVENTS)('an invalid $kind', ({ path, id }) => {
  const UUID_WANTED = `${id} must be a UUID`;
  const AD_ID_WANTED = 'ad_id must be 1 to 128 printable ASCII characters without spaces and braces';
  const IP_WANTED = 'ip must be an IPv4 or IPv6 address';
  const TIME_WANTED = 'timestamp must be an ISO 8601 time, 1970 or later';

  it.each<[string, unknown, string, string]>([
    ['no ad', {}, 'ad_id', 'ad_id is required'],
    ['null for the ad', { ad_id: null }, 'ad_id', 'ad_id must be a string'],
    ['a number for the ad', { ad_id: 1 }, 'ad_id', 'ad_id must be a string'],
    ['an empty ad', { ad_id: '' }, 'ad_id', 'ad_id is not allowed to be empty'],
    ['spaces in the ad', { ad_id: 'ad 001' }, 'ad_id', AD_ID_WANTED],
    ['braces in the ad', { ad_id: '{ad-001}' }, 'ad_id', AD_ID_WANTED],
    ['a NUL in the ad', { ad_id: 'ad\u0000' }, 'ad_id', AD_ID_WANTED],
    ['a long ad', { ad_id: 'x'.repeat(129) }, 'ad_id', AD_ID_WANTED],
    ['an invalid ip', { ad_id: 'ad-001', ip: '300.1.2.3' }, 'ip', IP_WANTED],
    ['leading zeros in the ip', { ad_id: 'ad-001', ip: '10.01.2.3' }, 'ip', IP_WANTED],
    ['a network for the ip', { ad_id: 'ad-001', ip: '10.0.0.0/8' }, 'ip', IP_WANTED],
    ['a number for the ip', { ad_id: 'ad-001', ip: 1 }, 'ip', 'ip must be a string'],
    ['an invalid id', { ad_id: 'ad-001', [id]: 'abc' }, id, UUID_WANTED],
    ['an id in braces', { ad_id: 'ad-001', [id]: '{f47ac10b-58cc-4372-a567-0e02b2c3d479}' }, id, UUID_WANTED],
    ['an id without hyphens', { ad_id: 'ad-001', [id]: 'f47ac10b58cc4372a5670e02b2c3d479' }, id, UUID_WANTED],
    ['a number for the id', { ad_id: 'ad-001', [id]: 1 }, id, `${id} must be a string`],
    ['text for the time', { ad_id: 'ad-001', timestamp: 'yesterday' }, 'timestamp', TIME_WANTED],
    ['an invalid month', { ad_id: 'ad-001', timestamp: '2026-13-01T00:00:00Z' }, 'timestamp', TIME_WANTED],
    ['a time before 1970', { ad_id: 'ad-001', timestamp: '1969-12-31T23:59:59Z' }, 'timestamp', TIME_WANTED],
    ['a year of five digits', { ad_id: 'ad-001', timestamp: '+010000-01-01T00:00:00Z' }, 'timestamp', TIME_WANTED],
    ['a number for the time', { ad_id: 'ad-001', timestamp: 1_767_225_600 }, 'timestamp', 'timestamp must be a string'],
    ['an array', [], '', 'body must be of type object'],
    ['an array of events', [{ ad_id: 'ad-001' }], '', 'body must be of type object'],
  ])('is refused with %s', async (_name, body, where, message) => {
    expectError(await client.post(path, body), {
      status: 400,
      error: 'invalid_request',
      message: `The request is not valid: ${message}.`,
      details: [{ path: where, message }],
    });
  });

  it('is answered with an error that lists every invalid field', async () => {
    const answer = await client.post(path, { ip: 'x', timestamp: 'y', [id]: 'z' });
    const details = [
      { path: 'ad_id', message: 'ad_id is required' },
      { path: 'ip', message: IP_WANTED },
      { path: 'timestamp', message: TIME_WANTED },
      { path: id, message: UUID_WANTED },
    ];
    expectError(answer, {
      status: 400,
      error: 'invalid_request',
      message: `The request is not valid: ${details.map(({ message }) => message).join('; ')}.`,
      details: expect.arrayContaining(details) as unknown as typeof details,
    });
    expect((answer.body as { details: object[] }).details).toHaveLength(details.length);
  });

  it.each(['null', '"text"', '1', 'true', '{"ad_id":', 'ad_id=ad-001', "{'ad_id': 'ad-001'}", '{"ad_id":"ad-001"}}'])(
    'is refused if its body is not a JSON object: %s',
    async (body) => {
      expectError(await client.send('POST', path, { headers: JSON_TYPE, body }), {
        status: 400,
        error: 'invalid_request',
        message: 'The body must be a JSON object.',
        details: [{ path: '', message: 'body must be a JSON object' }],
      });
    },
  );

  it('is refused without a body', async () => {
    expectError(await client.send('POST', path), {
      status: 400,
      error: 'invalid_request',
      message: 'The request is not valid: body is required.',
      details: [{ path: '', message: 'body is required' }],
    });
  });

  it('is refused for an unknown ad', async () => {
    expectError(await client.post(path, { ad_id: 'no-such-ad' }), {
      status: 400,
      error: 'unknown_ad',
      message: 'Ad "no-such-ad" does not exist; GET /api/v1/ads lists all ads.',
      details: [{ path: 'ad_id', message: 'ad_id must be the id of an existing ad' }],
    });
  });

  it.each(['not-a-uuid', '', '"', '"not-a-uuid"', '{f47ac10b-58cc-4372-a567-0e02b2c3d479}'])(
    'is refused with the Idempotency-Key %j',
    async (key) => {
      expectError(await client.post(path, { ad_id: 'ad-001' }, { 'Idempotency-Key': key }), {
        status: 400,
        error: 'invalid_request',
        message: 'The request is not valid: Idempotency-Key must be a UUID.',
        details: [{ path: 'Idempotency-Key', message: 'Idempotency-Key must be a UUID' }],
      });
    },
  );

  it('is refused above 16 KiB', async () => {
    const padded = (bytes: number) => {
      const empty = JSON.stringify({ ad_id: 'ad-001', padding: '' });
      return JSON.stringify({ ad_id: 'ad-001', padding: 'x'.repeat(bytes - empty.length) });
    };
    const largest = await client.send('POST', path, { headers: JSON_TYPE, body: padded(16_384) });
    expect(largest.status).toBe(202);
    expectError(await client.send('POST', path, { headers: JSON_TYPE, body: padded(16_385) }), {
      status: 413,
      error: 'payload_too_large',
      message: 'The body exceeds the limit of 16384 bytes.',
      details: [],
    });
  });

  it.each(['text/html', 'application/xml', 'image/png', 'application/grpc'])('is refused as %s', async (type) => {
    const body = JSON.stringify({ ad_id: 'ad-001' });
    expectError(await client.send('POST', path, { headers: { 'Content-Type': type }, body }), {
      status: 415,
      error: 'unsupported_media_type',
      message:
        'Unsupported Content-Type; use application/json, text/plain with JSON, application/x-www-form-urlencoded or multipart/form-data.',
      details: [],
    });
  });

  it('is refused as an invalid form', async () => {
    const headers = { 'Content-Type': 'multipart/form-data; boundary=x' };
    expectError(await client.send('POST', path, { headers, body: '{"ad_id":"ad-001"}' }), {
      status: 400,
      error: 'invalid_request',
      message: 'The body is not valid multipart/form-data.',
      details: [],
    });
  });

  it('is validated in a form in the same way as in JSON', async () => {
    const body = new URLSearchParams({ ad_id: 'ad-001', timestamp: 'soon' }).toString();
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const answer = await client.send('POST', path, { headers, body });
    expectError(answer, { status: 400, error: 'invalid_request', message: /timestamp must be an ISO 8601 time/ });
  });
});

describe('video_play_time', () => {
  it.each<[unknown, string]>([
    [-1, 'video_play_time must be greater than or equal to 0'],
    [86_401, 'video_play_time must be less than or equal to 86400'],
    [1e300, 'video_play_time must be a safe number'],
    [-0.001, 'video_play_time must be greater than or equal to 0'],
    [86_400.5, 'video_play_time must be less than or equal to 86400'],
    ['30', 'video_play_time must be a number'],
    ['NaN', 'video_play_time must be a number'],
    [true, 'video_play_time must be a number'],
    [[30], 'video_play_time must be a number'],
  ])('is refused as %j', async (seconds, message) => {
    expectError(await client.post('/ads/click', { ad_id: 'ad-001', video_play_time: seconds }), {
      status: 400,
      error: 'invalid_request',
      message: `The request is not valid: ${message}.`,
      details: [{ path: 'video_play_time', message }],
    });
  });

  it('is refused above the range of numbers', async () => {
    const body = '{"ad_id":"ad-001","video_play_time":1e999}';
    expectError(await client.send('POST', '/ads/click', { headers: JSON_TYPE, body }), {
      status: 400,
      error: 'invalid_request',
      message: /video_play_time/,
      details: [{ path: 'video_play_time', message: expect.any(String) as unknown as string }],
    });
  });
});

describe('refused events', () => {
  it('are not stored', async () => {
    const { rows } = await contract.database.query(
      "SELECT DISTINCT ad_id FROM ad_events UNION SELECT ad_id FROM ad_totals WHERE ad_id <> 'ad-001'",
    );
    expect(rows.filter(({ ad_id }) => ad_id !== 'ad-001')).toEqual([]);
  });
});

describe('a request to analytics', () => {
  it('for an unknown ad is answered 404', async () => {
    for (const prefix of ['', '/api/v1']) {
      expectError(await client.get(`${prefix}/ads/analytics?ad_id=no-such-ad`), {
        status: 404,
        error: 'unknown_ad',
        message: 'Ad "no-such-ad" does not exist; GET /api/v1/ads lists all ads.',
        details: [{ path: 'ad_id', message: 'ad_id must be the id of an existing ad' }],
      });
    }
  });

  it.each(['2h', '', '1M', '60', '1m,5m', '1m&timeframe=5m'])(
    'with the timeframe "%s" is refused, and the error lists the timeframes',
    async (timeframe) => {
      for (const query of [`timeframe=${timeframe}`, `ad_id=ad-001&timeframe=${timeframe}`]) {
        const message = 'timeframe must be one of 1m, 5m, 15m, 1h, 24h';
        expectError(await client.get(`/api/v1/ads/analytics?${query}`), {
          status: 400,
          error: 'invalid_request',
          message: `The request is not valid: ${message}.`,
          details: [{ path: 'timeframe', message }],
        });
      }
    },
  );

  it.each(['not-a-cursor', 'e30', 'WzFd', 'WyJhIiwiYiJd', '%00', 'bnVsbA'])(
    'with the cursor %s is refused',
    async (cursor) => {
      expectError(await client.get(`/api/v1/ads/analytics?cursor=${cursor}`), {
        status: 400,
        error: 'invalid_request',
        message: 'The request is not valid: cursor must be the next_cursor of the previous page, unchanged.',
        details: [{ path: 'cursor', message: 'cursor must be the next_cursor of the previous page, unchanged' }],
      });
    },
  );

  it.each([
    ['limit=0', 'limit', 'limit must be greater than or equal to 1'],
    ['limit=501', 'limit', 'limit must be less than or equal to 500'],
    ['limit=-1', 'limit', 'limit must be greater than or equal to 1'],
    ['limit=1.5', 'limit', 'limit must be an integer'],
    ['limit=many', 'limit', 'limit must be a number'],
    ['limit=', 'limit', 'limit must be a number'],
    ['limit=1&limit=2', 'limit', 'limit must be a number'],
    ['cursor=', 'cursor', 'cursor is not allowed to be empty'],
    ['ad_id=', 'ad_id', 'ad_id is not allowed to be empty'],
    ['ad_id=ad-001&ad_id=ad-002', 'ad_id', 'ad_id must be a string'],
    ['ad_id=ad-001&from=2026-11-01', 'from', 'from is a parameter of /api/v1/ads/analytics/report'],
  ])('is refused with %s', async (query, where, message) => {
    expectError(await client.get(`/ads/analytics?${query}`), {
      status: 400,
      error: 'invalid_request',
      message: `The request is not valid: ${message}.`,
      details: [{ path: where, message }],
    });
  });

  it.each(['a%20b', '%7Bx%7D', 'x'.repeat(129), '%00'])('for an invalid ad id is refused: %s', async (adId) => {
    const answer = await client.get(`/ads/analytics?ad_id=${adId}`);
    expectError(answer, { status: 400, error: 'invalid_request', message: /ad_id/ });
  });
});

describe('a path', () => {
  it.each([
    '/',
    '/nowhere',
    '/api/v1',
    '/api/v1/',
    '/api/v2/ads',
    '/api/v1/ads/ad%20001',
    '/api/v1/ads/ad-001/tracks',
    '/ads/analytics/ad-001',
    '/api/v1/swagger/nothing.js',
    '/swagger/package.json',
    '/dashboard/files/nothing.js',
    '/api/v1/api/v1/ads',
    // Gateways and Ingress match paths case-sensitively, and so do the services.
    '/Ads',
    '/API/v1/ads',
    '/Ads/Analytics',
    '/Swagger/index.html',
    '/Health',
  ])('is answered 404 if it does not exist: %s', async (path) => {
    expectError(await client.get(path), {
      status: 404,
      error: 'not_found',
      message: 'This path does not exist; /swagger/index.html documents the API.',
      details: [],
    });
  });

  it.each(['PATCH', 'GET', 'POST'])(
    'is answered 404 for files of the package that the page does not use: %s',
    async (method) => {
      expectError(await client.send(method, '/swagger/swagger-ui/package.json'), {
        status: 404,
        error: 'not_found',
        message: /^This path does not exist/,
      });
    },
  );

  it.each([
    ['GET', '/ads/click', 'POST'],
    ['PUT', '/ads/click', 'POST'],
    ['GET', '/ads/impression', 'POST'],
    ['DELETE', '/ads', 'GET, HEAD, POST'],
    ['POST', '/ads/ad-001', 'GET, HEAD, PATCH, DELETE'],
    ['POST', '/ads/analytics', 'GET, HEAD'],
    ['POST', '/health', 'GET, HEAD'],
    ['PATCH', '/live', 'GET, HEAD'],
    ['POST', '/ready', 'GET, HEAD'],
    ['POST', '/info', 'GET, HEAD'],
    ['DELETE', '/metrics', 'GET, HEAD'],
    ['POST', '/swagger/doc.json', 'GET, HEAD'],
    ['POST', '/swagger/swagger.yaml', 'GET, HEAD'],
    ['POST', '/swagger/index.html', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
    ['POST', '/dashboard', 'GET, HEAD'],
    ['DELETE', '/dashboard/ads/ad-001', 'GET, HEAD'],
  ])('is answered 405 for %s: %s', async (method, path, allow) => {
    for (const prefix of ['', '/api/v1']) {
      const answer = await client.send(method, `${prefix}${path}`);
      expectError(answer, {
        status: 405,
        error: 'method_not_allowed',
        message: `${method} is not allowed on this path; use ${allow.replaceAll(', ', ' or ')}.`,
        details: [],
      });
      expect(answer.headers.get('allow')).toBe(allow);
    }
  });

  it.each(['/ads', '/ads/analytics', '/health', '/live', '/ready', '/info', '/metrics', '/swagger/doc.json'])(
    'accepts HEAD if it accepts GET: %s',
    async (path) => {
      const answer = await client.send('HEAD', `/api/v1${path}`);
      expect([answer.status, answer.text]).toEqual([200, '']);
    },
  );
});

describe('X-Request-ID', () => {
  // A success and an error of each service.
  const PATHS = ['/ads', '/ads?x', '/ads/analytics', '/ads/analytics?timeframe=2h', '/nowhere', '/live', '/health'];

  it.each(PATHS)('is that of the request: %s', async (path) => {
    for (const id of ['trace:1.2_3-a', 'x'.repeat(128)]) {
      const answer = await client.get(path, { 'X-Request-ID': id });
      expect(answer.headers.get('x-request-id')).toBe(id);
    }
  });

  it.each(PATHS)('is a new one if that of the request is invalid: %s', async (path) => {
    const made = new Set<string | null>();
    for (const id of ['', 'a b', '{"a":1}', '<script>', 'x'.repeat(129)]) {
      const answer = await client.get(path, { 'X-Request-ID': id });
      expect(answer.headers.get('x-request-id')).toMatch(UUID);
      made.add(answer.headers.get('x-request-id'));
    }
    expect(made.size).toBe(5);
  });

  it('is in the body of an error', async () => {
    const answer = await client.post('/ads/click', {}, { 'X-Request-ID': 'player-7' });
    expect(answer.body).toMatchObject({ request_id: 'player-7' });
  });
});

describe('an error', () => {
  it('is not cached, and does not reveal software or versions', async () => {
    for (const answer of [await client.get('/nowhere'), await client.post('/ads/click', {})]) {
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('x-powered-by')).toBeNull();
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.text).not.toMatch(/\bat .*:\d+:\d+|node_modules/);
    }
  });
});
