import { ConfigError, loadConfig, placeholdersIn, readEnvironment, type Variables } from '../config/config.js';
import { dropForeignVariables } from '../config/foreign-variables.js';
import { misspelledVariables } from '../config/misspelled-variables.js';
import { printConfigIfAsked } from '../config/print-config.js';
import {
  type HttpConfig,
  type LogConfig,
  type ServerConfig,
  warnAboutKafka,
  warnAboutProxies,
} from '../config/variables.js';
import { type Conditions, createConditions } from '../health/conditions.js';
import { createLogger, type ProcessLogger } from '../log/logger.js';
import { reasonOf } from '../log/reason.js';
import { exportVersion } from '../metrics/build-info.js';
import { createMetrics, type Metrics } from '../metrics/metrics.js';
import { openTracing } from '../tracing/open-tracing.js';
import type { Tracing } from '../tracing/tracing.js';
import type { TracingConfig } from '../tracing/tracing-variables.js';
import { installLookUp } from './look-up.js';
import { createShutdown, type Shutdown } from './shutdown.js';

/** The parts of a process that exist before its service starts. */
export interface ProcessContext<T> {
  /** The version of the release. */
  readonly version: string;
  readonly config: Readonly<T>;
  readonly logger: ProcessLogger;
  readonly metrics: Metrics;
  readonly conditions: Conditions;
  readonly shutdown: Shutdown;
  /** Undefined unless the variables of OpenTelemetry switch tracing on. */
  readonly tracing: Tracing | undefined;
}

const CHECK_ARGUMENT = '--check-config';
/** `EX_CONFIG` of sysexits.h: the process fails again until the configuration changes. */
const BAD_CONFIGURATION = 78;

/**
 * Runs a process from its configuration to its exit.
 * - SIGTERM and SIGINT run the shutdown hooks and exit 0. Later signals have no effect, because one Ctrl-C may arrive twice.
 * - An uncaught error is logged; the hooks run and the process exits 1.
 * - After `SHUTDOWN_GRACE_SECONDS` the process exits 1, even if hooks still run.
 * - If the configuration is invalid, its problems are printed to standard error and the process exits 78.
 * - `--check-config` starts nothing. The exit code shows whether the configuration is valid; standard output names variables
 *   that are probably misspelled.
 * - `--print-config` prints the variables as JSON. It reads and starts nothing.
 */
export async function runProcess<
  T extends LogConfig &
    TracingConfig &
    Pick<ServerConfig, 'SHUTDOWN_GRACE_SECONDS'> &
    Partial<Pick<HttpConfig, 'TRUST_PROXY'>>,
>(options: {
  service: string;
  version: string;
  variables: Variables<T>;
  start: (context: ProcessContext<T>) => Promise<void>;
}): Promise<void> {
  const { service, version, variables, start } = options;
  // A closed pipe on standard output must not end the process: accepted events would be lost.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  printConfigIfAsked(variables);

  let config: Readonly<T>;
  const env = readEnvironmentOrExit();
  try {
    config = loadConfig<T>(env, variables);
  } catch (error) {
    return exitPlainly(service, error);
  }
  dropForeignVariables();
  const misspelled = misspelledVariables(env, Object.keys(variables));
  if (process.argv.includes(CHECK_ARGUMENT)) {
    for (const { name, meant } of misspelled)
      process.stdout.write(`unknown variable ${name}: did you mean ${meant}?\n`);
    return process.exit(0);
  }

  const logger = await createLogger({
    service,
    level: config.LOG_LEVEL,
    format: config.LOG_FORMAT,
    file: config.LOG_FILE,
  });
  logger.info(`starting version ${version}`, { event: 'process.starting', version, node: process.version });
  installLookUp(logger);
  const metrics = createMetrics(service);
  exportVersion(metrics, version);
  const conditions = createConditions(metrics, logger);
  const shutdown = createShutdown(logger);
  if ('NATS_URL' in variables) warnAboutKafka(env, logger);
  warnAboutProxies(config, logger);
  const placeholders = placeholdersIn(config, variables);
  if (placeholders.length > 0) {
    logger.warn(
      `passwords are public placeholders: ${placeholders.join(', ')}; set your own before strangers reach this machine`,
      {
        event: 'config.placeholder_passwords',
        variables: placeholders,
      },
    );
  }
  for (const { name, meant } of misspelled) {
    logger.warn(`unknown variable ${name}: did you mean ${meant}?`, { event: 'config.variable_unknown', name, meant });
  }

  let ending = false;
  const end = async (code: number): Promise<void> => {
    if (ending) return;
    ending = true;
    setTimeout(() => {
      logger.error(`shutdown incomplete after ${config.SHUTDOWN_GRACE_SECONDS} s: the process exits`, {
        event: 'shutdown.timed_out',
        seconds: config.SHUTDOWN_GRACE_SECONDS,
      });
      void logger.close().then(() => process.exit(1));
    }, config.SHUTDOWN_GRACE_SECONDS * 1_000);
    await shutdown.run();
    await logger.close();
    process.exit(code);
  };

  const onSignal = (signal: NodeJS.Signals): void => {
    if (ending) return;
    logger.info('shutting down', { event: 'process.stopping', signal });
    void end(0);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const onFatal = (error: unknown): void => {
    logger.error(`unexpected error, the process ends: ${reasonOf(error)}`, { event: 'process.crashed', error });
    void end(1);
  };
  process.on('uncaughtException', onFatal);
  process.on('unhandledRejection', onFatal);

  try {
    const tracing = await openTracing({ service, version, config, logger, shutdown });
    await start({ version, config, logger, metrics, conditions, shutdown, tracing });
  } catch (error) {
    // After a signal during the start, the start fails because its resources are closed.
    if (ending) return;
    if (error instanceof ConfigError) {
      printPlainly(service, error);
      return end(BAD_CONFIGURATION);
    }
    onFatal(error);
  }

  function readEnvironmentOrExit(): ReturnType<typeof readEnvironment> {
    try {
      return readEnvironment();
    } catch (error) {
      return exitPlainly(service, error);
    }
  }
}

function exitPlainly(service: string, error: unknown): never {
  printPlainly(service, error);
  process.exit(error instanceof ConfigError ? BAD_CONFIGURATION : 1);
}

function printPlainly(service: string, error: unknown): void {
  process.stderr.write(`${service}: ${error instanceof Error ? error.message : String(error)}\n`);
}
