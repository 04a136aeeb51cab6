import { streamSettings } from '@ads/models';
import { openStream, type StoredClick } from './jetstream.js';

/** Where to listen, as @ads/local sets it. */
export const address = {
  host: process.env.HTTP_HOST ?? '127.0.0.1',
  port: Number(process.env.HTTP_PORT),
};

/** Publishes to a stream of the contender. */
export function openOwnStream(name: string): Promise<(click: StoredClick) => Promise<void>> {
  const [settings] = streamSettings({ replicas: 1, maxBytes: -1, deadLettersMaxBytes: -1 });
  if (settings === undefined) throw new Error('The tracker has no stream');
  return openStream(process.env.NATS_URL ?? '', { ...settings, name: `BENCH_${name}`, subjects: [`bench.${name}`] });
}

/** The same answer as the tracker's. */
export function recorded({ click_id, ad_id, timestamp }: StoredClick) {
  return { message: 'Click recorded', click_id, ad_id, timestamp, processing: 'asynchronous' };
}
