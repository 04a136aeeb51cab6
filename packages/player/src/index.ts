import { type Outbox, openOutbox } from './outbox.js';
import { measureProgress } from './progress.js';
import { uuidv7 } from './uuid.js';

/** The values that every event of a video reports, and where clicks are expected. */
export interface TrackOptions {
  readonly adId: string;
  /** The address of the tracker, such as `https://ads.example.com`. */
  readonly endpoint: string;
  /** Where the ad is shown: 1 to 64 printable characters. */
  readonly placement?: string;
  /** Source of the campaign, or a sub id: 1 to 64 printable characters. */
  readonly source?: string;
  /** Groups the events of one view: 1 to 64 printable characters. By default a new UUIDv7. */
  readonly sessionId?: string;
  /** A click on this element is a click on the ad. By default the video, unless it shows the controls of the browser. */
  readonly clickTarget?: EventTarget;
}

/** Reports events that only the page can know. */
export interface Tracker {
  /** Reports a click on the ad. */
  click(): void;
  /** Reports that the viewer skipped the ad, and stops. */
  skip(): void;
  /** Reports nothing more. Events that wait are still sent. */
  stop(): void;
}

const outboxes = new Map<string, Outbox>();
const trackers = new WeakMap<HTMLVideoElement, Tracker>();

/** Seconds: the longest play time that the API takes. */
const LONGEST_PLAY_TIME = 86_400;

function outboxOf(endpoint: string): Outbox {
  const url = `${endpoint.replace(/\/$/, '')}/api/v1/ads/events`;
  let outbox = outboxes.get(url);
  if (outbox === undefined) {
    const opened = openOutbox(url);
    outboxes.set(url, opened);
    addEventListener('online', opened.retry);
    addEventListener('pagehide', opened.leave);
    // Mobile systems end hidden pages without a further event.
    document.addEventListener('visibilitychange', () => document.hidden && opened.leave());
    outbox = opened;
  }
  return outbox;
}

/**
 * Reports the playback of one ad: impression, start, quartiles, complete, pause, resume, mute and unmute, each once, and every
 * click. Call it once per view, before the playback. It replaces an earlier tracker of the same element.
 *
 * @example track(document.querySelector('video'), { adId: 'ad-001', endpoint: 'https://ads.example.com', placement: 'home' });
 */
export function track(video: HTMLVideoElement, options: TrackOptions): Tracker {
  const { adId, endpoint, placement, source, sessionId = uuidv7(Date.now()), clickTarget = video } = options;
  trackers.get(video)?.stop();
  const outbox = outboxOf(endpoint);
  const labels = { ad_id: adId, session_id: sessionId, placement, source };
  const reported = new Set<string>();
  const listening = new AbortController();
  const isActive = () => !listening.signal.aborted;
  const isSilent = () => video.muted || video.volume === 0;
  let wasSilent = isSilent();

  function report(kind: string): void {
    if (reported.has(kind) || !isActive()) return;
    reported.add(kind);
    outbox.add(kind, labels);
  }
  const measure = measureProgress(video, report);
  /** Reports an interaction, which counts only after the start. */
  const interact = (kind: string) => {
    measure();
    if (reported.has('start')) report(kind);
  };

  const tracker: Tracker = {
    click() {
      const video_play_time = Math.min(video.currentTime, LONGEST_PLAY_TIME);
      if (isActive()) outbox.add('click', { ...labels, video_play_time });
    },
    skip() {
      interact('skip');
      listening.abort();
    },
    stop: () => listening.abort(),
  };
  const listen = (target: EventTarget, names: string, listener: () => void) => {
    for (const name of names.split(' ')) target.addEventListener(name, listener, listening);
  };
  listen(video, 'timeupdate seeking ratechange ended', measure);
  listen(video, 'pause', () => video.ended || interact('pause'));
  listen(video, 'play', () => reported.has('pause') && interact('resume'));
  listen(video, 'volumechange', () => {
    if (wasSilent === isSilent()) return;
    wasSilent = !wasSilent;
    interact(wasSilent ? 'mute' : 'unmute');
  });
  // The element gets another video, so the view of this ad has ended.
  listen(video, 'emptied', () => reported.has('start') && tracker.stop());
  listen(clickTarget, 'click', () => (clickTarget === video && video.controls) || tracker.click());
  trackers.set(video, tracker);
  return tracker;
}
