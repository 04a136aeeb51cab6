import type { Ad, AdFields, MediaFile } from '@ads/models';

/* The texts in the form of an ad, and the fields that the API takes. */

/** The texts of one media file. */
export type MediaTexts = Readonly<Record<'url' | 'type' | 'width' | 'height' | 'bitrate' | 'delivery', string>>;

/** The texts of the image beside the video. */
export type CompanionTexts = Readonly<Record<'image_url' | 'width' | 'height' | 'target_url' | 'alt_text', string>>;

type TextField = Exclude<keyof AdFields, 'media' | 'companion'>;

/** The values of the form. Times are local to the browser: `2026-11-01T12:00`. */
export interface AdTexts extends Readonly<Record<TextField, string>> {
  /** Empty for a new id; it cannot be changed later. */
  readonly id: string;
  readonly media: readonly MediaTexts[];
  readonly companion: CompanionTexts | undefined;
}

export const NEW_MEDIA: MediaTexts = {
  url: '',
  type: 'video/mp4',
  width: '1280',
  height: '720',
  bitrate: '',
  delivery: 'progressive',
};

export const NEW_COMPANION: CompanionTexts = {
  image_url: '',
  width: '300',
  height: '250',
  target_url: '',
  alt_text: '',
};

/** The form of a new ad. */
export const NEW_AD: AdTexts = {
  id: '',
  title: '',
  advertiser: '',
  campaign: '',
  image_url: '',
  target_url: '',
  click_mode: 'redirect',
  duration_seconds: '',
  skip_offset: '',
  media: [],
  vast_url: '',
  companion: undefined,
  status: 'active',
  starts_at: '',
  ends_at: '',
};

/** The form of an ad that exists. */
export function textsOf(ad: Ad): AdTexts {
  return {
    id: ad.id,
    title: ad.title ?? '',
    advertiser: ad.advertiser ?? '',
    campaign: ad.campaign ?? '',
    image_url: ad.image_url,
    target_url: ad.target_url,
    click_mode: ad.click_mode,
    duration_seconds: numberText(ad.duration_seconds),
    skip_offset: ad.skip_offset ?? '',
    media: ad.media.map(mediaTexts),
    vast_url: ad.vast_url ?? '',
    companion:
      ad.companion === null
        ? undefined
        : {
            image_url: ad.companion.image_url,
            width: String(ad.companion.width),
            height: String(ad.companion.height),
            target_url: ad.companion.target_url ?? '',
            alt_text: ad.companion.alt_text ?? '',
          },
    status: ad.status,
    starts_at: localTime(ad.starts_at),
    ends_at: localTime(ad.ends_at),
  };
}

function mediaTexts({ url, type, width, height, bitrate, delivery }: MediaFile): MediaTexts {
  return {
    url,
    type,
    width: String(width),
    height: String(height),
    bitrate: numberText(bitrate ?? null),
    delivery,
  };
}

const numberText = (value: number | null): string => (value === null ? '' : String(value));

/** The time in the zone of the browser, to the minute. */
function localTime(time: string | null): string {
  if (time === null) return '';
  const at = new Date(time);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The fields of a text form, which the API validates. */
export type Body = Readonly<Record<string, unknown>>;

/** The body that creates the ad. A field without a text gets the default of the API. */
export function bodyOfNew({ id, ...texts }: AdTexts): Body {
  const given = Object.entries({ ...(id.trim() === '' ? {} : { id: id.trim() }), ...fieldsOf(texts) });
  // The API names a missing target more clearly than an empty one.
  return Object.fromEntries(given.filter(([, value]) => value !== null && value !== ''));
}

/** The body that changes the ad: the fields whose texts differ from those that the form began with. */
export function changesOf(before: AdTexts, after: AdTexts): Body {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  return Object.fromEntries(Object.entries(now).filter(([name, value]) => !isSame(old[name], value)));
}

/** The changes of a form, made to another version of its ad. */
export function rebase(before: AdTexts, mine: AdTexts, theirs: AdTexts): AdTexts {
  const names = Object.keys(changesOf(before, mine)) as (keyof AdTexts)[];
  return { ...theirs, ...Object.fromEntries(names.map((name) => [name, mine[name]])) };
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

function fieldsOf(texts: Omit<AdTexts, 'id'>): Body {
  return {
    title: textOf(texts.title),
    advertiser: textOf(texts.advertiser),
    campaign: textOf(texts.campaign),
    image_url: texts.image_url.trim(),
    target_url: texts.target_url.trim(),
    click_mode: texts.click_mode,
    duration_seconds: numberOf(texts.duration_seconds),
    skip_offset: textOf(texts.skip_offset),
    media: texts.media.map(({ url, type, width, height, bitrate, delivery }) => ({
      url: url.trim(),
      type: type.trim(),
      width: numberOf(width),
      height: numberOf(height),
      ...(bitrate.trim() === '' ? {} : { bitrate: numberOf(bitrate) }),
      delivery,
    })),
    vast_url: textOf(texts.vast_url),
    companion: texts.companion === undefined ? null : companionOf(texts.companion),
    status: texts.status,
    starts_at: timeOf(texts.starts_at),
    ends_at: timeOf(texts.ends_at),
  };
}

function companionOf({ image_url, width, height, target_url, alt_text }: CompanionTexts): Body {
  return {
    image_url: image_url.trim(),
    width: numberOf(width),
    height: numberOf(height),
    target_url: textOf(target_url),
    alt_text: textOf(alt_text),
  };
}

function textOf(text: string): string | null {
  return text.trim() === '' ? null : text.trim();
}

/** A text that is no number is sent as it is: the API names the problem. */
function numberOf(text: string): number | string | null {
  if (text.trim() === '') return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}

function timeOf(text: string): string | null {
  if (text === '') return null;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : at.toISOString();
}
