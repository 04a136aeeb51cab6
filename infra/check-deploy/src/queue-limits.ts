import { defaultOf } from './service-variables.js';

/** The settings file that limits what JetStream stores, in every deployment. */
export const JETSTREAM_FILE = 'jetstream.conf';

/** The variables that limit the streams. */
const STREAM_LIMITS = ['NATS_STREAM_MAX_BYTES', 'NATS_DEAD_LETTERS_MAX_BYTES'] as const;

const POWERS = ['', 'k', 'm', 'g', 't'];

/** Bytes, of `8GiB`, `10Gi` or a number. */
export function bytesOf(size: string): number {
  const [, number, unit = ''] = /^([\d.]+)\s*([kmgt]?)i?b?$/i.exec(size) ?? [];
  return number === undefined ? Number.NaN : Number(number) * 1_024 ** POWERS.indexOf(unit.toLowerCase());
}

/** `max_file_store` of the settings of a NATS server. @returns undefined where it is not set */
export function maxFileStoreOf(settings: string): number | undefined {
  const [, size] = /^\s*max_file_store\s*[:=]\s*(\S+)/m.exec(settings) ?? [];
  return size === undefined ? undefined : bytesOf(size);
}

/** A mistake in the settings of NATS or in a variable of the services. */
export interface QueueProblem {
  readonly at: 'settings' | (typeof STREAM_LIMITS)[number];
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
  volume,
}: {
  settings: string;
  limitOf: (name: string) => string;
  volume?: number | undefined;
}): QueueProblem[] {
  const store = maxFileStoreOf(settings);
  if (store === undefined || Number.isNaN(store)) {
    const why = 'a restarted server would take 75 % of what is free then, and refuse a large backlog';
    return [{ at: 'settings', message: `sets no max_file_store: ${why}` }];
  }
  const limits = STREAM_LIMITS.map((name) => ({
    name,
    bytes: Number(limitOf(name) || defaultOf('ingest', name)),
  }));
  const sum = limits.reduce((total, { bytes }) => total + bytes, 0);
  const unlimited = limits.filter(({ bytes }) => !(bytes > 0));
  return [
    ...unlimited.map(({ name }) => ({ at: name, message: `${name} has no limit: JetStreamNearFull can't fire` })),
    ...(unlimited.length === 0 && sum >= store
      ? [
          {
            at: 'NATS_STREAM_MAX_BYTES' as const,
            message: `all streams may take ${sum} bytes; max_file_store of NATS is ${store}`,
          },
        ]
      : []),
    ...(volume !== undefined && store >= volume
      ? [{ at: 'settings' as const, message: `max_file_store is ${store} bytes; the volume of NATS has ${volume}` }]
      : []),
  ];
}
