import type { NatsConnection } from 'nats';

/** One call to NATS, tried again where that may help. Throws when NATS can't be reached. */
export type RunNats = <T>(call: (connection: NatsConnection) => Promise<T>) => Promise<T>;
