import { bytesOf } from './containers.js';
import { defaultOf } from './service-variables.js';

/** The settings file that limits what JetStream stores, in every deployment. */
export const JETSTREAM_FILE = 'jetstream.conf';

/** The variables that limit the streams. */
const STREAM_LIMITS = ['NATS_STREAM_MAX_BYTES', 'NATS_DEAD_LETTERS_MAX_BYTES'] as const;

/** A mistake in the settings of NATS or in a variable of the services. */
interface QueueProblem {
  readonly key: typeof JETSTREAM_FILE | (typeof STREAM_LIMITS)[number];
  readonly message: string;
}

/**
 * Checks that each stream has a limit, that `max_file_store` exceeds their sum, and that the volume exceeds `max_file_store`.
 *
 * @param limitOf the value of a variable in a deployment; empty where it is not set
 * @param volume bytes, where it is known
 */
export function queueProblems({
  settings,
  limitOf,
  volume = Number.POSITIVE_INFINITY,
}: {
  settings: string;
  limitOf: (name: string) => string;
  volume?: number | undefined;
}): QueueProblem[] {
  const [, size = ''] = /^\s*max_file_store\s*[:=]\s*(\S+)/m.exec(settings) ?? [];
  const store = bytesOf(size);
  if (Number.isNaN(store)) {
    const why =
      'by default a restarted server limits itself to 75 % of the free disk space, and refuses a larger backlog';
    return [{ key: JETSTREAM_FILE, message: `sets no max_file_store: ${why}` }];
  }
  const limits = STREAM_LIMITS.map((key) => ({ key, bytes: Number(limitOf(key) || defaultOf('ingest', key)) }));
  const sum = limits.reduce((total, { bytes }) => total + bytes, 0);
  const problems: QueueProblem[] = limits
    .filter(({ bytes }) => !(bytes > 0))
    .map(({ key }) => ({ key, message: `${key} has no limit: JetStreamNearFull can't fire` }));
  if (problems.length === 0 && sum >= store) {
    const message = `the limits of all streams add up to ${sum} bytes; max_file_store of NATS is ${store}`;
    problems.push({ key: 'NATS_STREAM_MAX_BYTES', message });
  }
  if (store >= volume) {
    const message = `max_file_store is ${store} bytes; the volume of NATS has ${volume}`;
    problems.push({ key: JETSTREAM_FILE, message });
  }
  return problems;
}
