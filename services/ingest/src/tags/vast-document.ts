import type { Ad, EventKind, MediaFile } from '@ads/models';
import { targetOf } from './click-target.js';
import { clickUrl, pixelUrl } from './tag-urls.js';
import { cdataUrl, escapeXml } from './xml.js';

/*
 * Marks that stand for parts of a document. No escaped text contains a `<`. These parts differ between responses: the query of an
 * event, the query of the session, the id of the session, and the CDATA section of the filled target.
 */
export const EVENT = '<:event>';
export const SESSION = '<:session>';
export const SID = '<:sid>';
export const TARGET = '<:target>';
/* These are the same for all ads: without them an ad takes 1.5 KB of memory, with them 6.8 KB. */
const BASE = '<:base>';
const LINEAR = '<:linear>';
const WRAPPED = '<:wrapped>';

const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';
const ROOT = 'VAST version="4.2" xmlns="http://www.iab.com/VAST"';
const AD_SYSTEM = '<AdSystem>Ads Metric Tracker</AdSystem>\n';

/** Events of the video, in the order of the funnel. `progress` is missing, because it needs an offset, which ads do not have. */
const LINEAR_EVENTS = [
  'loaded',
  'start',
  'firstQuartile',
  'midpoint',
  'thirdQuartile',
  'complete',
  'mute',
  'unmute',
  'pause',
  'resume',
  'rewind',
  'skip',
  'playerExpand',
  'playerCollapse',
  'closeLinear',
  'otherAdInteraction',
] as const satisfies readonly EventKind[];

/** The wrapped ad may be interactive. */
const WRAPPER_EVENTS: readonly EventKind[] = [...LINEAR_EVENTS, 'interactiveStart'];

/** The texts of the marks for parts that all ads share. The texts contain marks too. */
export function sharedParts(publicUrl: string): ReadonlyMap<string, string> {
  return new Map([
    [BASE, base(publicUrl)],
    [LINEAR, tracking(LINEAR_EVENTS, publicUrl)],
    [WRAPPED, tracking(WRAPPER_EVENTS, publicUrl)],
  ]);
}

/** A document in which the marks are to be replaced. */
export interface VastDocument {
  readonly result: 'inline' | 'wrapper' | 'empty';
  readonly xml: string;
}

/** A document without an ad, for an ad that does not exist. */
export const EMPTY_VAST = `${XML}<${ROOT}/>\n`;

/** The document of an ad that is served: a Wrapper if it has a `vast_url`, an InLine if it has media, else without an ad. */
export function servedDocument(ad: Ad, publicUrl: string): VastDocument {
  if (ad.vast_url !== null) return wrapper(ad, ad.vast_url, publicUrl);
  return ad.media.length > 0 ? inline(ad, publicUrl) : emptyDocument(publicUrl);
}

/** A document without an ad. Players report it at the URL of Error, with code 303 if it was wrapped. */
export function emptyDocument(publicUrl: string): VastDocument {
  return { result: 'empty', xml: `${XML}<${ROOT}>\n${errorOf(publicUrl)}</VAST>\n` };
}

/* The elements are an xs:sequence in the schema of VAST 4.2, so their order matters. */

function inline(ad: Ad, publicUrl: string): VastDocument {
  const kind = ad.media.every(({ type }) => type.startsWith('audio/')) ? 'audio' : 'video';
  const content =
    `${BASE}<AdServingId>amt-${SID}</AdServingId>\n<AdTitle>${escapeXml(ad.title ?? ad.id)}</AdTitle>\n` +
    `${ad.advertiser === null ? '' : `<Advertiser>${escapeXml(ad.advertiser)}</Advertiser>\n`}<Creatives>\n` +
    `${creative(linear(ad, publicUrl), UNIVERSAL_AD_ID)}${companions(ad, publicUrl, UNIVERSAL_AD_ID)}` +
    '</Creatives>\n';
  return { result: 'inline', xml: document(ad, ` adType="${kind}"`, `<InLine>\n${content}</InLine>\n`) };
}

function wrapper(ad: Ad, vastUrl: string, publicUrl: string): VastDocument {
  const counting = `<VideoClicks>\n${clickTracking(publicUrl)}</VideoClicks>\n`;
  const content =
    `${BASE}<Creatives>\n` +
    `${creative(`<Linear>\n${WRAPPED}${counting}</Linear>\n`)}${companions(ad, publicUrl)}` +
    `</Creatives>\n<VASTAdTagURI>${cdataUrl(vastUrl)}</VASTAdTagURI>\n`;
  return {
    result: 'wrapper',
    xml: document(
      ad,
      '',
      `<Wrapper followAdditionalWrappers="true" allowMultipleAds="false" fallbackOnNoAd="false">\n${content}</Wrapper>\n`,
    ),
  };
}

const document = ({ id }: Ad, attributes: string, content: string): string =>
  `${XML}<${ROOT}>\n<Ad id="${escapeXml(id)}"${attributes}>\n${content}</Ad>\n</VAST>\n`;

function base(publicUrl: string): string {
  const element = (name: string, kind: EventKind) => `<${name}>${pixel(kind, publicUrl)}</${name}>\n`;
  return (
    `${AD_SYSTEM}${errorOf(publicUrl)}${element('Impression', 'impression')}<ViewableImpression>\n` +
    `${element('Viewable', 'viewable')}${element('NotViewable', 'notViewable')}` +
    `${element('ViewUndetermined', 'viewUndetermined')}</ViewableImpression>\n`
  );
}

function linear(ad: Ad, publicUrl: string): string {
  const skip = ad.skip_offset === null ? '' : ` skipoffset="${escapeXml(ad.skip_offset)}"`;
  const files = ad.media.map((file) => {
    const rate = file.bitrate === undefined ? '' : ` bitrate="${Math.round(file.bitrate)}"`;
    const attributes = `delivery="${file.delivery}" type="${escapeXml(file.type)}"${sizeOf(file)}${rate}`;
    return `<MediaFile ${attributes}>${cdataUrl(file.url)}</MediaFile>\n`;
  });
  return (
    `<Linear${skip}>\n${LINEAR}<Duration>${durationOf(ad)}</Duration>\n` +
    `<MediaFiles>\n${files.join('')}</MediaFiles>\n${videoClicks(ad, publicUrl)}</Linear>\n`
  );
}

/**
 * A click counts once: at the redirect of `/c`, or, where the advertiser forbids redirects, at the pixel beside the target. A
 * target that is no URL leaves nothing to click.
 */
function videoClicks(ad: Ad, publicUrl: string): string {
  if (ad.click_mode === 'tracking' && targetOf(ad) === undefined) return '';
  const isTracked = ad.click_mode === 'tracking';
  const through = isTracked ? TARGET : clickThrough(ad, publicUrl);
  const counting = isTracked ? clickTracking(publicUrl) : '';
  return `<VideoClicks>\n${counting}<ClickThrough>${through}</ClickThrough>\n</VideoClicks>\n`;
}

const clickTracking = (publicUrl: string): string => `<ClickTracking>${pixel('click', publicUrl)}</ClickTracking>\n`;

/** The target of a companion is not the stored target of the ad, to which `/c` redirects, so a pixel counts its clicks. */
function companions(ad: Ad, publicUrl: string, universalAdId = ''): string {
  const { companion } = ad;
  if (companion === null) return '';
  const { image_url: image, alt_text: alt, target_url: target } = companion;
  const click =
    target === null
      ? ''
      : `<CompanionClickThrough>${cdataUrl(target)}</CompanionClickThrough>\n` +
        `<CompanionClickTracking id="click">${pixel('click', publicUrl)}</CompanionClickTracking>\n`;
  const content =
    `<StaticResource creativeType="${imageType(image)}">${cdataUrl(image)}</StaticResource>\n` +
    `${alt === null ? '' : `<AltText>${escapeXml(alt)}</AltText>\n`}${click}${tracking(['creativeView'], publicUrl)}`;
  return creative(
    `<CompanionAds>\n<Companion${sizeOf(companion)}>\n${content}</Companion>\n</CompanionAds>\n`,
    universalAdId,
  );
}

/** Ads from SQL may have fractions of a pixel. */
const sizeOf = ({ width, height }: Pick<MediaFile, 'width' | 'height'>): string =>
  ` width="${Math.round(width)}" height="${Math.round(height)}"`;

/** The value for creatives that no registry knows. */
const UNIVERSAL_AD_ID = '<UniversalAdId idRegistry="unknown">unknown</UniversalAdId>\n';

const creative = (content: string, universalAdId = ''): string => `<Creative>\n${content}${universalAdId}</Creative>\n`;

const tracking = (kinds: readonly EventKind[], publicUrl: string): string =>
  `<TrackingEvents>\n${kinds.map((kind) => `<Tracking event="${kind}">${pixel(kind, publicUrl)}</Tracking>\n`).join('')}</TrackingEvents>\n`;

const errorOf = (publicUrl: string): string => `<Error>${pixel('error', publicUrl, '&code=[ERRORCODE]')}</Error>\n`;

/** Macros that the endpoints read; players replace them. Further macros would only send more data about the viewer. */
const MACROS = '&ts=[TIMESTAMP]&cb=[CACHEBUSTING]&ph=[ADPLAYHEAD]';

const pixel = (kind: EventKind, publicUrl: string, macros = ''): string =>
  ourUrl(pixelUrl(publicUrl, kind, `${EVENT}${MACROS}${macros}`));

const clickThrough = ({ id }: Ad, publicUrl: string): string => ourUrl(clickUrl(publicUrl, id, `&${SESSION}${MACROS}`));

/** Everything that is not ours in it is percent-encoded. */
const ourUrl = (url: string): string => `<![CDATA[${url}]]>`;

/** `HH:MM:SS.mmm`. An unknown length is zero: players then use that of the media file. */
function durationOf({ duration_seconds: seconds }: Ad): string {
  const time = new Date(Math.round(1_000 * Math.min(seconds ?? 0, LONGEST_DURATION)));
  return time.toISOString().slice(11, 23);
}

const LONGEST_DURATION = 86_399.999;

const IMAGE_TYPES: Readonly<Record<string, string>> = {
  gif: 'image/gif',
  png: 'image/png',
  svg: 'image/svg+xml',
  webp: 'image/webp',
  avif: 'image/avif',
};

/** The type of an image, by the end of its path. */
function imageType(url: string): string {
  const [, extension = ''] = /\.(\w{1,5})(?:[?#]|$)/.exec(url) ?? [];
  return IMAGE_TYPES[extension.toLowerCase()] ?? 'image/jpeg';
}
