import { uuidv7 } from '@ads/models';

export const TAGS = ['pixel', 'click_through', 'vast'] as const;
export type Tag = (typeof TAGS)[number];

/** Different URLs of one tag. */
const URLS = 5_000;

/** The header line of a browser. Without a user agent, events of tags are invalid. */
export const BROWSER = 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0\r\n';

/** URLs of VAST, and of tags as `/vast` writes them, with the macros as a player fills them, each with a session of its own. */
export function tagUrls(tag: Tag, adIds: readonly string[]): string[] {
  return Array.from({ length: URLS }, (_, index) => {
    const adId = adIds[index % adIds.length] ?? '';
    if (tag === 'vast') return `/vast/${adId}?placement=home&source=newsletter`;
    const session = `sid=${uuidv7(Date.now())}&pl=home&src=newsletter`;
    const macros = `cb=${10_000_000 + index}&ts=${encodeURIComponent(new Date().toISOString())}`;
    return tag === 'pixel' ? `/t/start?ad_id=${adId}&${session}&${macros}` : `/c/${adId}?${session}&${macros}`;
  });
}
