export { verifyBackup } from './backup/manifest.js';
export { restorePostgresFiles, restoreStreams } from './backup/restore-parts.js';
export { takeBackup } from './backup/take-backup.js';
export { findChromium } from './browser.js';
export { shiftedClock } from './clock/shifted-clock.js';
export { addAds, migrate, migrateFrom, openPool, SAMPLE_ADS, type Variables } from './database.js';
export { type Gateway, openGateway } from './gateway/gateway.js';
export { upstreamOf } from './gateway/routes.js';
export { type Git, gitIn } from './git.js';
export { callHttp, type HttpAnswer, NO_ANSWER } from './http-call.js';
export { printDetail, printStep, printTable, printWarning, step } from './launcher/progress.js';
export { freePort } from './ports.js';
export { endLeftovers } from './processes/leftovers.js';
export { LocalProcess } from './processes/local-process.js';
export { readCpuSeconds, readMemory } from './processes/table.js';
export { cacheFolder, localFolder, projectRoot } from './project.js';
export { findExecutables, findOnPath, requireExecutable } from './servers/executables.js';
export { type NatsOptions, natsServer } from './servers/nats.js';
export { natsCluster } from './servers/nats-cluster.js';
export { pgBouncer } from './servers/pgbouncer.js';
export { postgresServer } from './servers/postgres.js';
export { type RedisOptions, redisServer } from './servers/redis.js';
export { type RedisCluster, redisCluster } from './servers/redis-cluster.js';
export { type CommandResult, copyFolder, runCommand } from './servers/run-command.js';
export {
  forEachService,
  SERVICE_NAMES,
  type ServiceName,
  UPSTREAMS,
} from './service-table.js';
export { programProcess, serviceProcess } from './services.js';
export { type StandAloneRun, standAloneRun } from './stand-alone-run.js';
export type { CertificateFiles, Certificates } from './testing/certificates.js';
export { type Names, openNames } from './testing/names.js';
export { openTestServers, type TestServers, type TestStack } from './testing/test-servers.js';
export { waitFor } from './wait-for.js';
