import { ALL_ENDPOINTS, type ApiService } from '@ads/contract/paths';

/** The facts about a service that the rest of `infra` needs. */
interface ServiceRow {
  /** The file that Node runs, from the root of the checkout: the bundle of `services/bundle.mjs`. */
  readonly main: string;
}

/**
 * The services of the tracker, in the order of lists and tables. A new service is a row here, its folder in `services`, and
 * its deployment: a stage in `infra/docker/Dockerfile`, a service in `docker-compose.prod.yaml`, a Deployment and a Service in
 * `k8s`, a job in `infra/monitoring/prometheus.yml`, its name in the PodMonitor and in the alert ServiceDown, and routes if it
 * is public. `npm run check:deploy` names each of these that is missing. A service prints its port and its other variables
 * itself, with `--print-config`.
 */
export const SERVICES = {
  ingest: { main: 'services/ingest/bundle/main.js' },
  consumer: { main: 'services/consumer/bundle/main.js' },
  analytics: { main: 'services/analytics/bundle/main.js' },
} as const satisfies Readonly<Record<string, ServiceRow>>;

export type ServiceName = keyof typeof SERVICES;

export const SERVICE_NAMES = Object.keys(SERVICES) as readonly ServiceName[];

/** The services behind the gateway: those with an endpoint of their own. */
export const UPSTREAMS = SERVICE_NAMES.filter((name): name is ApiService =>
  ALL_ENDPOINTS.some(({ service }) => service === name),
);

/** Runs `make` for all services at the same time. @returns the results by service */
export async function forEachService<T>(
  make: (name: ServiceName) => Promise<T>,
): Promise<Readonly<Record<ServiceName, T>>> {
  const made = await Promise.all(SERVICE_NAMES.map(async (name) => [name, await make(name)] as const));
  return Object.fromEntries(made) as Record<ServiceName, T>;
}
