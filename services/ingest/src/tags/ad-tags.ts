import { API_PREFIX, ENDPOINTS, EVENT_ENDPOINTS } from '@ads/contract';
import { type Ad, fillTarget } from '@ads/models';
import { targetOf } from './click-target.js';
import { isUnfilled } from './macro-values.js';
import { type Carried, carriedQuery, signatureQuery } from './tag-session.js';
import type { TagSigning } from './tag-signing.js';
import { adParameter, clickUrl, pixelUrl, vastUrl } from './tag-urls.js';
import { escapeXml } from './xml.js';

/**
 * The tags of an ad, ready to paste. Their URLs have no session, so each fetch of one counts as an event of its own.
 *
 * @param publicUrl the address of the API as players see it
 * @param signing signs the URLs of pixels and clicks; undefined if tags are not signed
 */
export function adTags(
  ad: Ad,
  labels: Pick<Carried, 'placement' | 'source'>,
  publicUrl: string,
  signing: Pick<TagSigning, 'signForEver'> | undefined,
) {
  const { placement = '' } = labels;
  // Pixels and links ignore a value such as `-1`, as they do an unfilled macro.
  const signed = { adId: ad.id, sid: undefined, placement: isUnfilled(placement) ? undefined : placement };
  const signature = signing?.signForEver(signed);
  const carried = carriedQuery(labels) + signatureQuery(signature);
  const event = adParameter(ad.id) + carried;
  const click = clickUrl(publicUrl, ad.id, carried);
  const vast = vastUrl(publicUrl, ad.id, longNames(labels));
  return {
    ad_id: ad.id,
    vast_url: vast,
    impression_pixel: `<img src="${escapeXml(pixelUrl(publicUrl, 'impression', event))}" width="1" height="1" alt="">`,
    click_url: click,
    click_link: link(ad, `href="${escapeXml(click)}"`),
    ping_link: pingLink(ad, labels, pixelUrl(publicUrl, 'click', event)),
    player_script: playerScript({ adId: ad.id, endpoint: publicUrl, ...labels }),
    curl: curlCommand(`${publicUrl}${API_PREFIX}${EVENT_ENDPOINTS.click.path}`, { ad_id: ad.id, ...labels }),
    video_js: videoJsExample(vast),
  };
}

function longNames(labels: Pick<Carried, 'placement' | 'source'>): string {
  return Object.entries(labels)
    .map(([name, value]) => `&${name}=${encodeURIComponent(value)}`)
    .join('');
}

const link = ({ id, title }: Ad, attributes: string): string =>
  `<a ${attributes} rel="noopener">${escapeXml(title ?? id)}</a>`;

/** null if the target is not a URL. The click has no id yet, so that macro is empty. */
function pingLink(ad: Ad, labels: Carried, ping: string): string | null {
  const target = targetOf(ad);
  if (target === undefined) return null;
  const href = fillTarget(target, { ...labels, ad_id: ad.id, campaign: ad.campaign ?? undefined });
  return link(ad, `href="${escapeXml(href)}" ping="${escapeXml(ping)}"`);
}

/** The browser snippet for the first video of a page. */
function playerScript(options: Carried & { readonly adId: string; readonly endpoint: string }): string {
  // `</script>` would end a script element, even within a string.
  const literal = JSON.stringify(options).replaceAll('<', '\\u003c');
  const source = escapeXml(`${options.endpoint}${ENDPOINTS.player.path}`);
  return `<script src="${source}"></script>
<script>AdsMetricTracker.track(document.querySelector('video'), ${literal});</script>`;
}

function curlCommand(url: string, body: object): string {
  return `curl -X POST ${quoted(url)} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`;
}

/** An argument of a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** @param vast a URL without quotes */
const videoJsExample = (vast: string): string => `// npm install video.js @dailymotion/vast-client
import { VASTClient, VASTTracker } from '@dailymotion/vast-client';
import videojs from 'video.js';

const client = new VASTClient();
const { ads } = await client.get(${JSON.stringify(vast)});
const ad = ads[0];
const creative = ad?.creatives.find(({ type }) => type === 'linear');
if (creative) {
  const player = videojs('video'); // <video id="video" class="video-js" controls muted playsinline></video>
  const tracker = new VASTTracker(client, ad, creative);
  player.src(creative.mediaFiles.map(({ fileURL, mimeType }) => ({ src: fileURL, type: mimeType })));
  player.one('loadedmetadata', () => tracker.setDuration(player.duration()));
  player.one('playing', () => tracker.trackImpression());
  player.on('timeupdate', () => tracker.setProgress(player.currentTime()));
  player.on('pause', () => tracker.setPaused(true));
  player.on('play', () => tracker.setPaused(false));
  player.on('volumechange', () => tracker.setMuted(player.muted()));
  player.one('ended', () => tracker.complete());
  player.one('error', () => tracker.error({ ERRORCODE: 405 }));
  tracker.on('clickthrough', (url) => open(url, '_blank', 'noopener'));
  player.on('click', () => tracker.click());
}
`;
