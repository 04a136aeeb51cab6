export { type ShiftedClock, shiftedClock } from './clock/shifted-clock.js';
export { addAds, migrate, openPool, seedSampleAds, type Variables } from './database.js';
export { type Gateway, type GatewayOptions, openGateway } from './gateway/gateway.js';
export { upstreamOf } from './gateway/routes.js';
export { printDetail } from './launcher/print-detail.js';
export { printTable } from './launcher/print-table.js';
export { printStep, printWarning, step } from './launcher/progress.js';
export { freePort } from './ports.js';
export { endLeftovers } from './processes/leftovers.js';
export type { LocalProcess } from './processes/local-process.js';
export { ManagedProcess } from './processes/managed-process.js';
export { type ResidentMemory, readCpuSeconds, readMemory } from './processes/usage.js';
export { localFolder, projectRoot } from './project.js';
export { copyFolder } from './servers/copy-folder.js';
export {
  type Executable,
  findExecutables,
  findOnPath,
  requireExecutable,
  type ServerProgram,
} from './servers/executables.js';
export { type NatsOptions, natsServer } from './servers/nats.js';
export { type NatsCluster, type NatsClusterOptions, natsCluster } from './servers/nats-cluster.js';
export { type PgBouncerOptions, pgBouncer } from './servers/pgbouncer.js';
export { type PostgresOptions, postgresServer } from './servers/postgres.js';
export { type RedisOptions, redisServer } from './servers/redis.js';
export { type RedisCluster, type RedisClusterOptions, redisCluster } from './servers/redis-cluster.js';
export { type CommandResult, runCommand } from './servers/run-command.js';
export {
  forEachService,
  SERVICE_NAMES,
  SERVICES,
  type ServiceName,
  UPSTREAMS,
  type Upstream,
} from './service-table.js';
export {
  type ProgramOptions,
  programProcess,
  type ServiceOptions,
  serviceProcess,
  startService,
} from './services.js';
export { type StandAloneRun, standAloneRun } from './stand-alone-run.js';
export { type Names, openNames } from './testing/names.js';
export { openTestServers, type TestServers } from './testing/test-servers.js';
export { startTestStack, type TestStack } from './testing/test-stack.js';
export { type WaitOptions, waitFor } from './wait-for.js';
