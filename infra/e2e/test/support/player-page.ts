import { waitFor } from '@ads/local';
import type { Browser, Page } from './chromium.js';

/** A page with a video, which plays `/clip` of its site. @param tracker the address of the tracker */
export function playerPage(tracker: string): string {
  return `<!doctype html><title>A site with a video</title><body>
<button style="position: absolute; left: 0; top: 0; width: 50px; height: 50px">Visit</button>
<video muted style="position: absolute; left: 100px; top: 0; width: 50px; height: 50px"></video>
<script src="${tracker}/player.js"></script>
<script>
const video = document.querySelector('video');
const next = (name) => new Promise((resolve) => video.addEventListener(name, resolve, { once: true }));
async function load() {
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await new Promise((resolve) => source.addEventListener('sourceopen', resolve));
  const buffer = source.addSourceBuffer('video/webm; codecs=vp8');
  buffer.appendBuffer(await (await fetch('/clip')).arrayBuffer());
  await new Promise((resolve) => buffer.addEventListener('updateend', resolve));
  // Sets the duration, which a recording does not contain.
  source.endOfStream();
}
const isLoaded = load();
/** Resolves when the video has played to this time. */
async function reach(time) {
  while (video.currentTime < time && !video.ended) await next(video.duration <= time ? 'ended' : 'timeupdate');
}
function begin(options) {
  const clickTarget = document.querySelector('button');
  window.tracker = AdsMetricTracker.track(video, { endpoint: '${tracker}', placement: 'home', clickTarget, ...options });
  return video.play();
}
</script>`;
}

/**
 * Records a clip of about a second, in the page of an empty document. A busy machine may draw no frame meanwhile; then it records
 * again. @returns it in base64
 */
export const RECORD_CLIP = `(async () => {
  const next = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 64 });
  const context = canvas.getContext('2d');
  let frame = 0;
  setInterval(() => { context.fillStyle = 'hsl(' + 9 * frame++ + ' 80% 50%)'; context.fillRect(0, 0, 64, 64); }, 20);
  async function record() {
    const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: 'video/webm; codecs=vp8' });
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.start();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const ended = next(recorder, 'stop');
    recorder.stop();
    await ended;
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  }
  async function secondsOf(bytes) {
    const source = new MediaSource();
    const video = Object.assign(document.createElement('video'), { src: URL.createObjectURL(source) });
    await next(source, 'sourceopen');
    const buffer = source.addSourceBuffer('video/webm; codecs=vp8');
    buffer.appendBuffer(bytes);
    await next(buffer, 'updateend');
    const { length } = source.readyState === 'open' ? video.buffered : [];
    return length === 1 ? video.buffered.end(0) : 0;
  }
  for (;;) {
    const bytes = await record();
    if (await secondsOf(bytes) > 0.8) return btoa(String.fromCharCode(...bytes));
  }
})()`;

/** Opens a page, and loads its video. @param before a script that runs before those of the page */
export async function openPlayer(browser: Browser, url: string, before?: string): Promise<Page> {
  const page = await browser.open(url, before);
  await waitFor(async () => (await page.run('typeof isLoaded')) === 'object', {
    timeoutMs: 30_000,
    what: 'the page to open',
  });
  await page.run('isLoaded');
  return page;
}
