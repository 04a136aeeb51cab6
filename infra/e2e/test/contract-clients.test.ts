import { type LocalProcess, openTestServers, type TestServers, waitFor } from '@ads/local';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Client, createClient } from './support/client.js';
import { type ContractStack, openContractStack } from './support/contract-stack.js';
import { expectError } from './support/errors.js';

const LIMIT = 3;
const SHOP = 'https://shop.example.com';
const PLAYER = 'https://player.example.com';

let testServers: TestServers;
let contract: ContractStack;
/** Ingest behind a trusted proxy, with low limits, a list of origins and a small MAX_CLOCK_SKEW_SECONDS. */
let strict: Client;
/** The same without a trusted proxy. */
let bare: Client;
let strictAnalytics: Client;

beforeAll(async () => {
  testServers = openTestServers();
  contract = await openContractStack(testServers);
  const env = {
    ...contract.servers,
    RATE_LIMIT_EVENTS_PER_MINUTE: String(LIMIT),
    RATE_LIMIT_READS_PER_MINUTE: String(LIMIT),
    CORS_ORIGINS: `${SHOP}, ${PLAYER}`,
    MAX_CLOCK_SKEW_SECONDS: '10',
  };
  const services = await Promise.all([
    testServers.service({ name: 'ingest', env: { ...env, TRUST_PROXY: 'loopback' } }),
    testServers.service({ name: 'ingest', env }),
    testServers.service({ name: 'analytics', env: { ...env, TRUST_PROXY: 'loopback' } }),
  ]);
  const clientOf = (service: LocalProcess) =>
    createClient(`http://${service.host}:${service.port}`, contract.documented);
  [strict, bare, strictAnalytics] = services.map(clientOf) as [Client, Client, Client];
});

afterAll(() => testServers.release());

/** The header that a proxy adds: the client, then all proxies except the last. */
function from(...addresses: string[]): Record<string, string> {
  return { 'X-Forwarded-For': addresses.join(', ') };
}

function click(client: Client, headers: Record<string, string> = {}, body: object = {}) {
  return client.post('/api/v1/ads/click', { ad_id: 'ad-001', ...body }, headers);
}

async function addressOf(answer: { body: unknown }): Promise<string> {
  const { click_id: id } = answer.body as { click_id: string };
  const { ip } = await waitFor(
    async () => (await contract.database.query('SELECT ip FROM ad_events WHERE id = $1', [id])).rows[0],
    { timeoutMs: 10_000, what: `click ${id} in the database` },
  );
  return ip;
}

describe('the rate limit of events', () => {
  it('is in the headers of each response, and further requests are answered 429', async () => {
    const caller = from('198.51.100.1');
    for (let left = LIMIT - 1; left >= 0; left -= 1) {
      // Refused requests count too, and clicks and impressions share the limit.
      const answer =
        left === 1
          ? await strict.post('/ads/impression', { ad_id: 'ad-001' }, caller)
          : await click(strict, caller, left === 0 ? { ad_id: 1 } : {});
      expect(answer.status).toBe(left === 0 ? 400 : 202);
      expect(answer.headers.get('ratelimit-policy')).toMatch(/^"events"; q=3; w=60(;|$)/);
      expect(answer.headers.get('ratelimit')).toMatch(new RegExp(`^"events"; r=${left}; t=\\d+$`));
      expect(answer.headers.get('retry-after')).toBeNull();
    }
    for (const path of ['/api/v1/ads/click', '/ads/impression']) {
      const refused = await strict.post(path, { ad_id: 'ad-001' }, caller);
      expectError(refused, {
        status: 429,
        error: 'rate_limited',
        message:
          'The limit of 3 requests per minute is exceeded; retry after the number of seconds in the header Retry-After.',
        details: [],
      });
      const wait = Number(refused.headers.get('retry-after'));
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(60);
      expect(refused.headers.get('ratelimit')).toMatch(/^"events"; r=0; t=\d+$/);
      expect(refused.headers.get('ratelimit-policy')).toMatch(/^"events"; q=3; w=60/);
    }
  });

  it('is counted per client behind a trusted proxy', async () => {
    const lines = { first: from('198.51.100.2'), second: from('198.51.100.3') };
    for (let index = 0; index < LIMIT; index += 1) expect((await click(strict, lines.first)).status).toBe(202);
    expect((await click(strict, lines.first)).status).toBe(429);
    expect((await click(strict, lines.second)).status).toBe(202);
    // Entries that the client adds before the one of the proxy do not change its identity.
    expect((await click(strict, from('203.0.113.99', '198.51.100.2'))).status).toBe(429);
  });

  it('is counted per client even if the proxy adds a port to the address', async () => {
    for (let port = 1; port <= LIMIT; port += 1) {
      expect((await click(strict, from(`198.51.100.4:${port}`))).status).toBe(202);
      expect((await click(strict, from(`[2001:db8:4::${port}]:${port}`))).status).toBe(202);
    }
    expect((await click(strict, from('198.51.100.4:9999'))).status).toBe(429);
    expect((await click(strict, from('[2001:db8:4::9]:9999'))).status).toBe(429);
    expect((await click(strict, from('198.51.100.5:1'))).status).toBe(202);
  });

  it('does not apply to reads and management endpoints', async () => {
    const caller = from('198.51.100.1');
    expect((await strict.get('/ads', caller)).status).toBe(200);
    for (let index = 0; index < 2 * LIMIT; index += 1) {
      expect((await strict.get('/live', caller)).status).toBe(200);
      expect((await strict.get('/health', caller)).headers.get('ratelimit')).toBeNull();
    }
  });

  it('is counted per connection address, whatever X-Forwarded-For says, if no proxy is trusted', async () => {
    const answers = [];
    for (let index = 0; index <= LIMIT; index += 1) answers.push(await click(bare, from(`198.51.100.${index}`)));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 429]);
    for (const answer of answers.slice(0, LIMIT)) expect(await addressOf(answer)).toBe('127.0.0.1');
  });
});

describe('the rate limit of reads', () => {
  it.each([
    ['/api/v1/ads', () => strict],
    ['/api/v1/ads/analytics', () => strictAnalytics],
  ])('answers further requests 429: %s', async (path, service) => {
    const caller = from('198.51.100.20');
    for (let left = LIMIT - 1; left >= 0; left -= 1) {
      const answer = await service().get(path, caller);
      expect([answer.status, answer.headers.get('ratelimit')]).toEqual([
        200,
        expect.stringMatching(`^"reads"; r=${left};`),
      ]);
    }
    const refused = await service().get(path, caller);
    expectError(refused, {
      status: 429,
      error: 'rate_limited',
      message: /^The limit of 3 requests per minute is exceeded/,
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await service().get(path, from('198.51.100.21'))).status).toBe(200);
  });
});

describe('the default rate limits', () => {
  it('are far above the requests of one player', async () => {
    const event = await click(contract.client);
    expect(event.headers.get('ratelimit-policy')).toMatch(/^"events"; q=60000; w=60/);
    for (const path of ['/ads', '/ads/analytics']) {
      expect((await contract.client.get(path)).headers.get('ratelimit-policy')).toMatch(/^"reads"; q=6000; w=60/);
    }
  });
});

describe('the address of a click', () => {
  it('is the one that the trusted proxy forwards', async () => {
    expect(await addressOf(await click(strict, from('198.51.100.30')))).toBe('198.51.100.30');
    expect(await addressOf(await click(strict, from('203.0.113.99', '2001:db8::30')))).toBe('2001:db8::30');
  });

  it('is the address of the proxy if it forwards something that is not an address', async () => {
    expect(await addressOf(await click(strict, from('198.51.100.32:51234')))).toBe('198.51.100.32');
    expect(await addressOf(await click(strict, from('[2001:db8::32]:443')))).toBe('2001:db8::32');
    // A trusted proxy with a port is still skipped as a proxy.
    expect(await addressOf(await click(strict, from('198.51.100.33:1', '127.0.0.1:2')))).toBe('198.51.100.33');
    expect(await addressOf(await click(strict, from('unknown')))).toBe('127.0.0.1');
  });

  it('is not the one that a client claims to the gateway', async () => {
    const forged = { ...from('203.0.113.99'), 'X-Real-IP': '203.0.113.99', Forwarded: 'for=203.0.113.99' };
    expect(await addressOf(await click(contract.client, forged))).toBe('127.0.0.1');
  });

  it('is the `ip` in the body, if the body has one', async () => {
    const answer = await click(strict, from('198.51.100.31'), { ip: '203.0.113.5' });
    expect(await addressOf(answer)).toBe('203.0.113.5');
  });
});

describe('MAX_CLOCK_SKEW_SECONDS', () => {
  it('limits how far in the future a timestamp may be: a later one is replaced', async () => {
    const ahead = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
    for (const [timestamp, kept] of [
      [ahead(5), true],
      [ahead(60), false],
    ] as const) {
      const { body } = await click(strict, from('198.51.100.40'), { timestamp });
      expect((body as { timestamp: string }).timestamp === timestamp).toBe(kept);
    }
  });
});

describe('pages of other origins', () => {
  const REQUESTED = [
    'authorization',
    'baggage',
    'content-type',
    'idempotency-key',
    'if-match',
    'sentry-trace',
    'traceparent',
    'x-of-their-own',
  ];
  const preflight = (client: Client, path: string, origin: string, method = 'POST') =>
    client.send('OPTIONS', path, {
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': REQUESTED.join(','),
      },
    });
  const listOf = (value: string | null) => (value ?? '').split(',').map((item) => item.trim());

  it.each([
    ['/api/v1/ads/click', 'POST', SHOP],
    ['/ads/impression', 'POST', SHOP],
    ['/ads/impression/', 'POST', 'null'],
    ['/api/v1/ads/analytics', 'GET', undefined],
    ['/api/v1/ads/ad-001', 'PATCH', undefined],
    ['/api/v1/ads/ad-001', 'DELETE', undefined],
  ])('may call %s by default', async (path, method, credentialed) => {
    const allowed = await preflight(contract.client, path, credentialed ?? SHOP, method);
    expect(allowed.status).toBe(204);
    // sendBeacon always requests with credentials, so the response must name the origin.
    expect(allowed.headers.get('access-control-allow-origin')).toBe(credentialed ?? '*');
    expect(allowed.headers.get('access-control-allow-credentials')).toBe(credentialed ? 'true' : null);
    expect(listOf(allowed.headers.get('access-control-allow-methods'))).toContain(method);
    expect(listOf(allowed.headers.get('access-control-allow-headers'))).toEqual(REQUESTED);
    expect(allowed.headers.get('vary')).toMatch(/access-control-request-headers/i);
    expect(allowed.headers.get('access-control-max-age')).toBe('7200');
  });

  it('may read responses, including errors, and the headers that they need', async () => {
    const origin = { Origin: SHOP };
    const answers = [
      await click(contract.client, origin),
      await click(contract.client, origin, { ad_id: 1 }),
      await contract.client.get('/ads/analytics?timeframe=2h', origin),
      await contract.client.get('/nowhere', origin),
    ];
    expect(answers.map(({ status }) => status)).toEqual([202, 400, 400, 404]);
    for (const [index, { headers }] of answers.entries()) {
      const reportsEvent = index < 2;
      expect(headers.get('access-control-allow-origin')).toBe(reportsEvent ? SHOP : '*');
      expect(headers.get('access-control-allow-credentials')).toBe(reportsEvent ? 'true' : null);
      expect(headers.get('set-cookie')).toBeNull();
      expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
      expect(listOf(headers.get('access-control-expose-headers'))).toEqual(
        expect.arrayContaining([
          ...['X-Request-ID', 'Date', 'RateLimit', 'RateLimit-Policy', 'Retry-After'],
          ...(reportsEvent ? [] : ['ETag', 'Location']),
        ]),
      );
    }
    const { headers } = await click(contract.client);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  it('may not read responses if CORS_ORIGINS names other origins', async () => {
    for (const origin of [SHOP, PLAYER]) {
      const known = await preflight(strict, '/ads/click', origin);
      expect(known.headers.get('access-control-allow-origin')).toBe(origin);
      expect(known.headers.get('vary')).toMatch(/origin/i);
      const answer = await click(strict, { Origin: origin, ...from('198.51.100.50') });
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    }
    for (const origin of ['https://elsewhere.example.com', `${SHOP}.evil.example`, 'http://shop.example.com', 'null']) {
      const unknown = await preflight(strict, '/ads/click', origin);
      expect(unknown.headers.get('access-control-allow-origin')).toBeNull();
      expect(unknown.headers.get('vary')).toMatch(/origin/i);
    }
  });
});
