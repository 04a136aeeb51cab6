import type { Variables } from '../database.js';
import { openGateway } from '../gateway/gateway.js';
import type { LocalProcess } from '../processes/local-process.js';
import { forEachService, type ServiceName } from '../service-table.js';
import type { TestServers } from './test-servers.js';

/** The whole tracker behind one address. */
export interface TestStack extends Readonly<Record<ServiceName, LocalProcess>> {
  /** `http://127.0.0.1:<port>` of the gateway. */
  readonly url: string;
  /** The variables of the services. */
  readonly env: Variables;
}

/** Starts the services and the gateway against the given servers; `testServers.release` ends them. */
export async function startTestStack(testServers: TestServers, env: Variables): Promise<TestStack> {
  const settings = { TRUST_PROXY: 'loopback', ...env };
  const services = await forEachService((name) => testServers.service({ name, env: settings }));
  const gateway = await openGateway({ host: '127.0.0.1', port: 0, portOf: (upstream) => services[upstream].port });
  testServers.onRelease(() => gateway.close());
  return { url: `http://127.0.0.1:${gateway.port}`, ...services, env: settings };
}
