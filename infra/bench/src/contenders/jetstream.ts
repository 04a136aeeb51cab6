import type { StreamSettings } from '@ads/models';
import { connect, JSONCodec, type StreamConfig } from 'nats';

/** The message that a contender publishes for a click. */
export interface StoredClick {
  readonly click_id: string;
  readonly ad_id: string;
  readonly ip: string;
  readonly video_play_time: number;
  readonly timestamp: string;
}

const codec = JSONCodec<StoredClick>();

/**
 * A stream as durable as that of the tracker: file storage, work queue, the acknowledgement before the response. It needs no
 * `Nats-Msg-Id`, which would slow the contender down: its readers would remove duplicates.
 *
 * @param url of NATS
 * @param settings the tracker's, with a name and subject of the contender's own
 * @returns resolves when JetStream has acknowledged the click, one message for each
 */
export async function openStream(
  url: string,
  settings: StreamSettings,
): Promise<(click: StoredClick) => Promise<void>> {
  const connection = await connect({ servers: url });
  const manager = await connection.jetstreamManager();
  await manager.streams.add(settings as Partial<StreamConfig>);
  const stream = connection.jetstream();
  const [subject = ''] = settings.subjects;
  return async (click) => {
    await stream.publish(subject, codec.encode(click));
  };
}
