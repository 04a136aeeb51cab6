import { ALL_ENDPOINTS, API_PREFIX, type Endpoint } from '@ads/contract';
import { openTestServers, type TestServers, type TestStack, UPSTREAMS } from '@ads/local';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const KEY = 'the-key-of-access-tests';

let testServers: TestServers;
let stack: TestStack;

beforeAll(async () => {
  testServers = openTestServers();
  const [postgres, redis, nats] = await Promise.all([testServers.database(), testServers.redis(), testServers.nats()]);
  const keys = { ADMIN_API_KEY: KEY, READ_ACCESS: 'key', EVENTS_ACCESS: 'key' };
  stack = await testServers.stack({ ...postgres, ...redis.env, ...nats.env, ...keys });
});
afterAll(() => testServers.release());

/** Sends a request to each service that has the endpoint. @returns the statuses, without repetitions */
async function ask({ method, path, service }: Endpoint, headers: Record<string, string> = {}) {
  const services = service === 'each' ? UPSTREAMS : [service];
  const statuses = services.map(async (name) => {
    const { host, port } = stack[name];
    const url = `http://${host}:${port}${API_PREFIX}${path.replaceAll(/\{\w+\}/g, 'no-such-id')}`;
    const response = await fetch(url, { method, headers, redirect: 'manual' });
    await response.body?.cancel();
    return { status: response.status, headers: response.headers };
  });
  const answers = await Promise.all(statuses);
  return { statuses: [...new Set(answers.map(({ status }) => status))], answers };
}

describe.each(ALL_ENDPOINTS.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
  '%s',
  (_name, endpoint) => {
    const isOpen = endpoint.access === 'everybody';

    it('asks for a key, unless everybody may send it', async () => {
      const wrong = { Authorization: 'Bearer another-key-of-tests' };
      for (const headers of [{}, { Authorization: KEY }, wrong]) {
        const { statuses } = await ask(endpoint, headers);
        if (isOpen) expect(statuses).not.toContain(401);
        else expect(statuses).toEqual([401]);
      }
    });

    it('lets ADMIN_API_KEY pass, and keeps its answers out of shared caches', async () => {
      const { statuses, answers } = await ask(endpoint, { Authorization: `bearer ${KEY}` });
      for (const status of [401, 403]) expect(statuses).not.toContain(status);
      if (isOpen) return;
      for (const { headers } of answers) {
        expect(headers.get('vary')).toMatch(/\bAuthorization\b/);
        expect(headers.get('cache-control') ?? 'no-store').toMatch(/\b(private|no-store)\b/);
      }
    });

    it('needs no key for a preflight', async () => {
      const preflight = { Origin: 'https://player.example', 'Access-Control-Request-Method': endpoint.method };
      const { statuses } = await ask({ ...endpoint, method: 'OPTIONS' } as unknown as Endpoint, preflight);
      expect(statuses).toEqual([204]);
    });
  },
);
