import { type ApiError, ENDPOINTS, PREFETCH_REFUSED } from '@ads/contract';
import type { RequestContext } from '@ads/http';
import type { Ad, AdEvent, IngestVerdict } from '@ads/models';
import type { Clock, ProcessContext } from '@ads/runtime';
import type { Connections } from '../connections.js';
import { createRejectedList, type RejectedList } from './rejected-list.js';
import { type SharedRejections, shareRejections } from './share-rejections.js';

/** The client that sent a request. */
export type Sender = Pick<RequestContext, 'clientKey'>;

/** Notes what was rejected, so that a wrong tag is found. */
export interface RejectedEvents {
  /** An error response, or the error of one event of a batch. @param path such as `/t/{event}` */
  readonly refused: (path: string, error: ApiError, sender: Sender) => void;
  /** A durable event that ingest has found invalid. */
  readonly notCounted: (event: AdEvent) => void;
  /** A VAST document without an ad. */
  readonly withoutAd: (ad: Ad) => void;
  /** The rejections of all replicas. */
  readonly read: SharedRejections['read'];
}

/** The verdicts that a wrong tag causes. The other ones are about the viewer. */
const TAG_MISTAKES: Readonly<Partial<Record<IngestVerdict, string>>> = {
  unsigned: 'The event is stored but not counted: its tag has no signature. Copy the tag of the ad again.',
  bad_signature:
    'The event is stored but not counted: the signature belongs to another ad, session or placement. Copy the tag of the ad again.',
  expired: 'The event is stored but not counted: the signature of its tag has expired. Fetch a new VAST document.',
  impossible:
    'The event is stored but not counted: its play time is longer than the ad. Correct duration_seconds of the ad, or the player.',
};

/** Opens the list, and shares it with the other replicas until the shutdown. */
export function openRejectedEvents(
  { shutdown }: Pick<ProcessContext<object>, 'shutdown'>,
  { redis, catalogueDatabase }: Pick<Connections, 'redis' | 'catalogueDatabase'>,
  { now }: Pick<Clock, 'now'>,
): RejectedEvents {
  const list = createRejectedList(now);
  const shared = shareRejections({ list, redis, database: catalogueDatabase, now });
  shutdown.add('rejected events', shared.stop);
  return { ...notesTo(list, now), read: shared.read };
}

/** @param now milliseconds since the epoch */
export function notesTo({ note }: Pick<RejectedList, 'note'>, now: () => number): Omit<RejectedEvents, 'read'> {
  const refused = (path: string, error: ApiError, sender: Sender): void => {
    if (error.items.length > 0) {
      for (const item of error.items) refused(path, item, sender);
      return;
    }
    if (error.code === PREFETCH_REFUSED) return;
    const { code, message, facts } = error;
    note({ outcome: 'rejected', path, error: code, message, adId: facts.ad_id, client: () => sender.clientKey() });
  };
  return {
    refused,
    notCounted({ adId, verdict, ip }) {
      const message = verdict === undefined ? undefined : TAG_MISTAKES[verdict];
      if (verdict === undefined || message === undefined) return;
      note({ outcome: 'not_counted', path: null, error: verdict, message, adId, client: () => ip });
    },
    withoutAd(ad) {
      const message = `The document has no ad: ${emptinessOf(ad, now())}`;
      note({ outcome: 'no_ad', path: ENDPOINTS.vast.path, error: 'not_served', message, adId: ad.id, client: anyone });
    },
  };
}

/** A document names an ad that exists, so clients cannot make up rows. */
const anyone = (): string => '';

function emptinessOf({ status, starts_at: start, ends_at: end }: Ad, time: number): string {
  if (status !== 'active') return `the ad is ${status}. Set its status to active, or remove the tag.`;
  if (start !== null && time < Date.parse(start)) return 'the ad has not started. Correct its starts_at, or wait.';
  if (end !== null && time >= Date.parse(end)) return 'the ad has ended. Correct its ends_at, or remove the tag.';
  return 'the ad has neither media nor vast_url. Add one of them to the ad.';
}
