import { streamSettings } from '@ads/models';
import { connect, JSONCodec, type StreamConfig } from 'nats';

/** The message that a contender publishes for a click. */
export interface StoredClick {
  readonly click_id: string;
  readonly ad_id: string;
  readonly ip: string;
  readonly video_play_time: number;
  readonly timestamp: string;
}

/** The address to listen on. @ads/local sets these variables. */
export const address = {
  host: process.env.HTTP_HOST ?? '127.0.0.1',
  port: Number(process.env.HTTP_PORT),
};

/**
 * Opens a stream that is as durable as that of the tracker: file storage, work queue, the acknowledgement before
 * the response. It sets no `Nats-Msg-Id`, which would slow the contender down. Its consumers would have to remove duplicates.
 *
 * @returns a function that publishes one click per message, and resolves when JetStream has acknowledged it
 */
export async function openOwnStream(name: string): Promise<(click: StoredClick) => Promise<void>> {
  const [settings] = streamSettings({ replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 });
  const subject = `bench.${name}`;
  const connection = await connect({ servers: process.env.NATS_URL ?? '' });
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ ...(settings as Partial<StreamConfig>), name: `BENCH_${name}`, subjects: [subject] });
  const stream = connection.jetstream();
  const codec = JSONCodec<StoredClick>();
  return async (click) => {
    await stream.publish(subject, codec.encode(click));
  };
}

/** Returns the response body of the tracker for a click. */
export function recorded({ click_id, ad_id, timestamp }: StoredClick) {
  return { message: 'Click recorded', click_id, ad_id, timestamp, processing: 'asynchronous' };
}
