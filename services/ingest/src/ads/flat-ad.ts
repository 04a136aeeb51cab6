/** Names that stand for the parts of one media file where values are texts: columns of a CSV, options of the command `ads`. */
const MEDIA_NAMES = [
  'media_url',
  'media_type',
  'media_width',
  'media_height',
  'media_bitrate',
  'media_delivery',
] as const;

/** The names of the values of an ad in a CSV and in the command `ads`. */
export const FLAT_NAMES = [
  'id',
  'title',
  'advertiser',
  'campaign',
  'image_url',
  'target_url',
  'click_mode',
  'duration_seconds',
  'skip_offset',
  ...MEDIA_NAMES,
  'vast_url',
  'status',
  'starts_at',
  'ends_at',
] as const;
export type FlatName = (typeof FLAT_NAMES)[number];

const NUMERIC: ReadonlySet<string> = new Set(['duration_seconds', 'media_width', 'media_height', 'media_bitrate']);
/** Without an exponent. */
const NUMBER = /^\d{1,10}(?:\.\d{1,10})?$/;

/**
 * The body of an ad from names and texts. The API validates it.
 *
 * @example
 * toAdBody([['target_url', 'https://a.example/'], ['media_width', '640']])
 * // { target_url: 'https://a.example/', media: [{ width: 640 }] }
 */
export function toAdBody(texts: readonly (readonly [name: string, text: string])[]): object {
  const values = texts.map(
    ([name, text]) => [name, NUMERIC.has(name) && NUMBER.test(text) ? Number(text) : text] as const,
  );
  const isOfMedia = (name: string): boolean => (MEDIA_NAMES as readonly string[]).includes(name);
  const file = values.filter(([name]) => isOfMedia(name)).map(([name, value]) => [name.slice('media_'.length), value]);
  return {
    ...(file.length === 0 ? {} : { media: [Object.fromEntries(file)] }),
    ...Object.fromEntries(values.filter(([name]) => !isOfMedia(name))),
  };
}
