import { ConfigError, loadConfig, readEnvironment, type Variables } from '../config/config.js';
import { dropForeignVariables } from '../config/foreign-variables.js';
import { misspelledVariables } from '../config/misspelled-variables.js';
import { printConfigIfAsked } from '../config/print-config.js';
import { type LogConfig, type ServerConfig, warnAboutKafka } from '../config/variables.js';
import { type Conditions, createConditions } from '../health/conditions.js';
import { createLogger, type ProcessLogger } from '../log/logger.js';
import { createMetrics, type Metrics } from '../metrics/metrics.js';
import { installLookUp } from './look-up.js';
import { createReleases, type Releases } from './releases.js';

/** What a process has from its first moment. */
export interface ProcessContext<T> {
  readonly config: Readonly<T>;
  readonly logger: ProcessLogger;
  readonly metrics: Metrics;
  readonly conditions: Conditions;
  readonly releases: Releases;
}

const CHECK_ARGUMENT = '--check-config';
/** `EX_CONFIG` of sysexits.h: starting again without a change is no use. */
const BAD_CONFIGURATION = 78;

/**
 * Runs a process from its configuration to its exit. SIGTERM or SIGINT releases everything and
 * exits 0. Later signals change nothing: one Ctrl-C may arrive twice, at any distance. What nobody caught is logged, and exits 1 after the
 * releases. After `SHUTDOWN_GRACE_SECONDS` it exits 1 whatever is still open.
 * Bad configuration is printed to standard error, and exits 78. With the argument `--check-config` nothing is started:
 * the exit code says whether the configuration is good, and standard output names variables that are probably misspelled.
 * With `--print-config` the variables are printed as JSON, and nothing is read or started.
 */
export async function runProcess<T extends LogConfig & Pick<ServerConfig, 'SHUTDOWN_GRACE_SECONDS'>>(options: {
  service: string;
  variables: Variables<T>;
  start: (context: ProcessContext<T>) => Promise<void>;
}): Promise<void> {
  const { service, variables, start } = options;
  // Whoever read our output is gone: that is no reason to lose what was accepted.
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
    for (const { name, meant } of misspelled) process.stdout.write(`${name} is not known; is ${meant} meant?\n`);
    return process.exit(0);
  }

  const logger = createLogger({ service, level: config.LOG_LEVEL, file: config.LOG_FILE });
  installLookUp(logger);
  const metrics = createMetrics(service);
  const conditions = createConditions(metrics, logger);
  const releases = createReleases(logger);
  if ('NATS_URL' in variables) warnAboutKafka(env, logger);
  for (const { name, meant } of misspelled) {
    logger.warn(`${name} is not known; is ${meant} meant?`, { event: 'config.variable_unknown', name, meant });
  }

  let ending = false;
  const end = async (code: number): Promise<void> => {
    if (ending) return;
    ending = true;
    setTimeout(() => {
      logger.error('not everything was released in time', { seconds: config.SHUTDOWN_GRACE_SECONDS });
      void logger.close().then(() => process.exit(1));
    }, config.SHUTDOWN_GRACE_SECONDS * 1_000);
    await releases.run();
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
    logger.error('unexpected error, the process ends', { error });
    void end(1);
  };
  process.on('uncaughtException', onFatal);
  process.on('unhandledRejection', onFatal);

  try {
    await start({ config, logger, metrics, conditions, releases });
  } catch (error) {
    // What is opened while we end may fail in any way.
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
