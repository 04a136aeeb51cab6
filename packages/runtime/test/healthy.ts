import { createHealth, type Health } from '../src/health/health.js';

/** The health of a service that depends on nothing, for tests of its server. */
export function healthy(): Health {
  return createHealth({
    service: 'test',
    version: '1.2.3',
    description: 'a test',
    dependencies: {},
    status: () => 'healthy',
    ready: () => true,
  });
}
