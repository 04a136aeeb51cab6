import type { Variables } from '../database.js';
import { openGateway } from '../gateway/gateway.js';
import type { LocalProcess } from '../processes/local-process.js';
import type { TestServers } from './test-servers.js';

/** The whole tracker behind one address. */
export interface TestStack {
  /** `http://127.0.0.1:<port>` of the gateway. */
  readonly url: string;
  readonly ingest: LocalProcess;
  readonly consumer: LocalProcess;
  readonly analytics: LocalProcess;
  /** The variables that the services got. */
  readonly env: Variables;
}

/** Starts the three services and the gateway against the given servers; `testServers.release` ends them. */
export async function startTestStack(testServers: TestServers, env: Variables): Promise<TestStack> {
  const settings = { TRUST_PROXY: 'loopback', ...env };
  const [ingest, consumer, analytics] = await Promise.all([
    testServers.service({ name: 'ingest', env: settings }),
    testServers.service({ name: 'consumer', env: settings }),
    testServers.service({ name: 'analytics', env: settings }),
  ]);
  const services = { ingest, analytics };
  const gateway = await openGateway({ host: '127.0.0.1', port: 0, portOf: (upstream) => services[upstream].port });
  testServers.onRelease(() => gateway.close());
  return { url: `http://127.0.0.1:${gateway.port}`, ingest, consumer, analytics, env: settings };
}
