import type { Ad, AdStatus, ClickMode, Companion, MediaFile } from '@ads/models';
import { NO_VALUE } from '../format/numbers.js';
import { BROWSER_ZONE, formatTime } from '../format/times.js';

/** The fields of an ad in the words of the page. */
export const FIELD_LABELS: Readonly<Partial<Record<string, string>>> = {
  id: 'Id',
  title: 'Title',
  advertiser: 'Advertiser',
  campaign: 'Campaign',
  image_url: 'Image URL',
  target_url: 'Target URL',
  click_mode: 'When clicked',
  duration_seconds: 'Duration in seconds',
  skip_offset: 'Skip after',
  media: 'Media files',
  vast_url: 'VAST tag to wrap',
  companion: 'Companion image',
  status: 'Status',
  starts_at: 'Starts',
  ends_at: 'Ends',
} satisfies Partial<Record<keyof Ad, string>>;

export const STATUS_LABELS: Readonly<Record<AdStatus, string>> = {
  active: 'Active',
  paused: 'Paused',
  archived: 'Archived',
};

export const CLICK_MODE_LABELS: Readonly<Record<ClickMode, string>> = {
  redirect: 'Count the click, then redirect to the target',
  tracking: 'Open the target itself; the player reports the click',
};

/** A value of an ad as a text. */
export function showValue(name: string, value: unknown): string {
  const ad = { [name]: value } as Partial<Ad>;
  if (value === null || value === undefined || value === '') return NO_VALUE;
  if (ad.status !== undefined) return STATUS_LABELS[ad.status];
  if (ad.click_mode !== undefined) return CLICK_MODE_LABELS[ad.click_mode];
  if (ad.media !== undefined) return ad.media.map(showFile).join('\n') || NO_VALUE;
  if (ad.companion) return showCompanion(ad.companion);
  if (name.endsWith('_at')) return formatTime(Date.parse(String(value)), 'stamp', BROWSER_ZONE);
  return String(value);
}

function showFile({ url, type, width, height, bitrate, delivery }: MediaFile): string {
  return [url, type, `${width}×${height}`, ...(bitrate === undefined ? [] : [`${bitrate} kbit/s`]), delivery].join(
    ' · ',
  );
}

function showCompanion({ image_url, width, height, target_url, alt_text }: Companion): string {
  return [image_url, `${width}×${height}`, ...[target_url, alt_text].filter((text) => text !== null)].join(' · ');
}

/** The present state of an ad, and its label. */
export interface Phase {
  readonly name: AdStatus | 'scheduled' | 'ended';
  readonly label: string;
}

/**
 * The status of an ad; for an active one also whether its campaign has begun and not ended.
 *
 * @param now milliseconds since the epoch
 */
export function phaseOf(
  { status, starts_at, ends_at }: Pick<Ad, 'status' | 'starts_at' | 'ends_at'>,
  now: number,
): Phase {
  if (status !== 'active') return { name: status, label: STATUS_LABELS[status] };
  if (starts_at !== null && Date.parse(starts_at) > now) return { name: 'scheduled', label: 'Scheduled' };
  if (ends_at !== null && Date.parse(ends_at) <= now) return { name: 'ended', label: 'Ended' };
  return { name: 'active', label: STATUS_LABELS.active };
}
