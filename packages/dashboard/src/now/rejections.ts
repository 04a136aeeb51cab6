import type { RejectedEvent } from '@ads/contract';

/** A problem, and its remedy. */
export interface Advice {
  readonly title: string;
  readonly text: string;
}

/** By the code of the error, or by the verdict. Other codes are explained by the message of the API. */
const ADVICE: Readonly<Record<string, Advice>> = {
  unknown_ad: { title: 'No ad has this id', text: 'Create the ad, or correct the id in the tag.' },
  unknown_event: {
    title: 'This event does not exist',
    text: 'Copy the tag again, or use the name of an event of VAST.',
  },
  no_target: {
    title: 'The ad has no target URL',
    text: 'Give the ad a target URL, so that its clicks lead somewhere.',
  },
  event_too_old: {
    title: 'The event is too old',
    text: 'Check the clock of the player, and how long it keeps events while it is offline.',
  },
  unsigned: { title: 'The tag has no signature', text: 'Copy the tag of this ad again. Its events do not count.' },
  bad_signature: {
    title: 'The signature is that of another tag',
    text: 'Copy the tag of this ad again, and do not change its URL. Its events do not count.',
  },
  expired: {
    title: 'The signature has expired',
    text: 'Fetch the VAST document anew for each view. The events do not count.',
  },
  impossible: {
    title: 'The play time is longer than the video',
    text: 'Correct the duration of the ad, or the player. The events do not count.',
  },
  rate_limited: {
    title: 'Too many requests of one client',
    text: 'Send events in batches. If many viewers share an address, raise the limit or check TRUST_PROXY.',
  },
  unauthorized: { title: 'The key is missing or wrong', text: 'Give the player a key with the scope events.' },
  scope_missing: { title: 'The key may not send events', text: 'Give the player a key with the scope events.' },
  unavailable: {
    title: 'The event could not be stored',
    text: 'Players send it again. If this goes on, look at the state of the servers.',
  },
};

/** Codes with many causes, which their messages name after these words. */
const TITLES: Readonly<Record<string, readonly [title: string, words: string]>> = {
  not_served: ['VAST without an ad', 'The document has no ad: '],
  invalid_request: ['The request is not valid', 'The request is not valid: '],
};

/** The words of the page for a rejection. */
export function adviceOn({ error, message }: Pick<RejectedEvent, 'error' | 'message'>): Advice {
  const advice = Object.hasOwn(ADVICE, error) ? ADVICE[error] : undefined;
  if (advice !== undefined) return advice;
  const [title, words] = (Object.hasOwn(TITLES, error) ? TITLES[error] : undefined) ?? ['The request was refused', ''];
  return { title, text: message.startsWith(words) ? message.slice(words.length) : message };
}

/** Where a rejection happened, in words. */
export function placeOf({ path, outcome }: Pick<RejectedEvent, 'path' | 'outcome'>): string {
  if (outcome === 'not_counted') return 'Tag';
  switch (path) {
    case '/t/{event}':
      return 'Pixel';
    case '/c/{ad_id}':
      return 'Link';
    case '/vast/{ad_id}':
      return 'VAST';
    default:
      return path ?? '';
  }
}
