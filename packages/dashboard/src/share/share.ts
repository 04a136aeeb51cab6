import type { Share } from '@ads/models';
import { computed, signal } from '@preact/signals';
import { apiKey, keepKey } from '../api/key.js';
import type { Choice } from '../report/choice.js';
import { addressOf } from '../shell/addresses.js';

/** The share of the link in use: `GET /shares/current`. */
export type SharedView = Pick<Share, 'ad_id' | 'campaign' | 'advertiser' | 'expires_at'>;

/** The secret of a share begins with it. */
const PREFIX = 'ams_';
const SECRET = /^ams_[\da-f]{64}$/;
const FRAGMENT = '#share=';

/** True if this tab was opened by a share link. The secret is kept as the key of the tab. */
export const hasShare = computed(() => apiKey.value.startsWith(PREFIX));

/** The share of this tab; undefined until it has been read. */
export const sharedView = signal<SharedView | undefined>(undefined);

/**
 * Takes the secret of a share out of the address, where browsers would show it and keep it in their history. Servers never see
 * the fragment of an address.
 */
export function takeShare(): void {
  if (!location.hash.startsWith(FRAGMENT)) return;
  const secret = location.hash.slice(FRAGMENT.length);
  sharedView.value = undefined;
  // The service tells that a damaged link does not work.
  keepKey(SECRET.test(secret) ? secret : `${PREFIX}damaged`);
  history.replaceState(null, '', `${location.pathname}${location.search}`);
}

/** A link that opens a view by a share. @param address of a view */
export function linkOf(address: string, secret: string): string {
  return `${location.origin}${address}${FRAGMENT}${secret}`;
}

/** The first view of a share. */
export function homeOf({ ad_id, campaign }: SharedView): string {
  return ad_id === null ? addressOf(['report'], { campaign: campaign ?? '' }) : addressOf(['ads', ad_id]);
}

/** True for the views that a share may open. @param path the segments of an address */
export function isOpen([view, id, ...more]: readonly string[], { ad_id }: SharedView): boolean {
  if (view === 'report') return id === undefined;
  return view === 'ads' && id !== undefined && more.length === 0 && (ad_id === null || id === ad_id);
}

/** The choice with the filter of the share of this tab, which the service applies in any case. */
export function withShare(choice: Choice): Choice {
  const { ad_id = null, campaign = null } = sharedView.value ?? {};
  const filters = { ...(ad_id === null ? {} : { ad_id }), ...(campaign === null ? {} : { campaign }) };
  return { ...choice, filters: { ...choice.filters, ...filters } };
}

/** True for a filter that the share of this tab sets. */
export function isFixed(filter: string): boolean {
  const { ad_id = null, campaign = null } = sharedView.value ?? {};
  return (filter === 'ad_id' && ad_id !== null) || (filter === 'campaign' && campaign !== null);
}
