/** The facts about a service that the rest of `infra` needs. */
interface ServiceRow {
  /** The file that Node runs, from the root of the checkout. */
  readonly main: string;
  /** The paths that the gateway sends to it, or 'others' for all that no other service has. Without it, it is not public. */
  readonly publicPaths?: RegExp | 'others';
}

/**
 * The services of the tracker, in the order of lists and tables. A new service is a row here, its folder in `services`, and
 * its deployment: a stage in `infra/docker/Dockerfile`, a service in `docker-compose.prod.yaml`, a Deployment and a Service in
 * `k8s`, a job in `infra/monitoring/prometheus.yml`, its name in the PodMonitor and in the alert ServiceDown, and routes if it
 * is public. `npm run check:deploy` names each of these that is missing. A service prints its port and its other variables
 * itself, with `--print-config`.
 */
export const SERVICES = {
  ingest: { main: 'services/ingest/dist/main.js', publicPaths: 'others' },
  consumer: { main: 'services/consumer/dist/main.js' },
  analytics: {
    main: 'services/analytics/dist/main.js',
    publicPaths: /^(?:\/api\/v1)?\/ads\/analytics(?:\/|$)/,
  },
} as const satisfies Readonly<Record<string, ServiceRow>>;

type Services = typeof SERVICES;

export type ServiceName = keyof Services;

/** A service behind the gateway. */
export type Upstream = {
  [Name in ServiceName]: Services[Name] extends { readonly publicPaths: unknown } ? Name : never;
}[ServiceName];

export const SERVICE_NAMES = Object.keys(SERVICES) as readonly ServiceName[];

export const UPSTREAMS = SERVICE_NAMES.filter((name): name is Upstream => 'publicPaths' in SERVICES[name]);

/** Runs `make` for all services at the same time. @returns what it made, by service */
export async function forEachService<T>(
  make: (name: ServiceName) => Promise<T>,
): Promise<Readonly<Record<ServiceName, T>>> {
  const made = await Promise.all(SERVICE_NAMES.map(async (name) => [name, await make(name)] as const));
  return Object.fromEntries(made) as Record<ServiceName, T>;
}
