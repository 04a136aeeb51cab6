import { readFileSync } from 'node:fs';
import { type Ad, uuidv7 } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { validateXML } from 'xmllint-wasm';
import { createVastRenderer } from '../src/tags/vast.js';
import { parseXml, vastProblems } from './vast-rules.js';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const AD: Ad = {
  id: 'spring/"20s"&<a>',
  title: 'Spring & "Sale" <2026>',
  advertiser: 'Müller & Söhne',
  campaign: 'spring',
  image_url: '',
  target_url: 'https://shop.example/?a=1&s={sid}&p={placement}&b={sub1}&c={campaign}&i={click_id}&t={ts}',
  click_mode: 'redirect',
  duration_seconds: 3_620.5,
  skip_offset: '00:00:05',
  media: [
    { url: 'https://cdn.example/a.mp4?x=1&y=2', type: 'video/mp4', width: 1280, height: 720, delivery: 'progressive' },
    {
      url: 'https://cdn.example/a.m3u8',
      type: 'video/x',
      width: 640,
      height: 360,
      bitrate: 900,
      delivery: 'streaming',
    },
  ],
  vast_url: null,
  companion: {
    image_url: 'https://cdn.example/a.PNG?1',
    width: 300,
    height: 250,
    target_url: 'https://shop.example/?a&b',
    alt_text: 'A & B',
  },
  status: 'active',
  starts_at: '2026-03-01T12:00:00.000Z',
  ends_at: '2026-03-01T12:00:01.000Z',
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000000Z',
};
const WRAPPER = { vast_url: 'https://other.example/vast?a=1&cb=[CACHEBUSTING]' };
const TRACKING = { click_mode: 'tracking' } as const;

const SID = uuidv7(NOW);
const SESSION = { sid: SID, carried: { placement: 'home page', source: 'a&b', sub1: 'x="y"]]>' } };
const QUERY = `sid=${SID}&pl=home%20page&src=a%26b&sub1=x%3D%22y%22%5D%5D%3E`;
const MACROS = 'ts=[TIMESTAMP]&cb=[CACHEBUSTING]&ph=[ADPLAYHEAD]';
const ID = encodeURIComponent(AD.id);
const pixel = (event: string, more = '') => `https://ads.example/base/t/${event}?ad_id=${ID}&${QUERY}&${MACROS}${more}`;
const CLICK = `https://ads.example/base/c/${ID}?${QUERY}&${MACROS}`;

const render = createVastRenderer('https://ads.example/base');
const vast = (fields: Partial<Ad> = {}, now = NOW) => render({ ...AD, ...fields }, SESSION, now);
const textsOf = (xml: string, name: string) =>
  Array.from(parseXml(xml).getElementsByTagName(name), ({ textContent }) => textContent);

describe('the VAST of an ad', () => {
  it('is an InLine whose URLs all have the session, for an ad with media', () => {
    const { result, xml } = vast();
    expect([result, vastProblems(xml)]).toEqual(['inline', []]);
    expect(textsOf(xml, 'Error')).toEqual([pixel('error', '&code=[ERRORCODE]')]);
    for (const [name, ...texts] of [
      ['Impression', pixel('impression')],
      ['NotViewable', pixel('notViewable')],
      ['AdServingId', `amt-${SID}`],
      ['AdTitle', AD.title],
      ['Advertiser', AD.advertiser],
      ['Duration', '01:00:20.500'],
      ['MediaFile', 'https://cdn.example/a.mp4?x=1&y=2', 'https://cdn.example/a.m3u8'],
      ['ClickThrough', CLICK],
      ['ClickTracking'],
      ['StaticResource', 'https://cdn.example/a.PNG?1'],
      ['AltText', 'A & B'],
      ['CompanionClickThrough', 'https://shop.example/?a&b'],
      ['CompanionClickTracking', pixel('click')],
    ] as const) {
      expect([name, ...textsOf(xml, name)]).toEqual([name, ...texts]);
    }
    const tracked = textsOf(xml, 'Tracking');
    expect(tracked).toHaveLength(17);
    expect(tracked.slice(0, 6)).toEqual(
      ['loaded', 'start', 'firstQuartile', 'midpoint', 'thirdQuartile', 'complete'].map((event) => pixel(event)),
    );
    expect(tracked.at(-1)).toBe(pixel('creativeView'));
    for (const text of [
      ' skipoffset="00:00:05"',
      'creativeType="image/png"',
      'id="spring/&quot;20s&quot;&amp;&lt;a&gt;"',
    ]) {
      expect(xml).toContain(text);
    }
  });

  it('has the filled target and a click pixel where redirects are forbidden', () => {
    const { xml } = vast(TRACKING);
    expect(vastProblems(xml)).toEqual([]);
    const values = `s=${SID}&p=home%20page&b=x%3D%22y%22%5D%5D%3E&c=spring&i=&t=${NOW}`;
    expect(textsOf(xml, 'ClickThrough')).toEqual([`https://shop.example/?a=1&${values}`]);
    expect(textsOf(xml, 'ClickTracking')).toEqual([pixel('click')]);
    const unsafe = vast({ ...TRACKING, target_url: 'javascript:alert(1)' }).xml;
    expect([vastProblems(unsafe), textsOf(unsafe, 'VideoClicks')]).toEqual([[], []]);
  });

  it('is a Wrapper that counts clicks by a pixel, for an ad with a vast_url', () => {
    for (const fields of [WRAPPER, { ...WRAPPER, ...TRACKING }]) {
      const { result, xml } = vast(fields);
      expect([result, vastProblems(xml)]).toEqual(['wrapper', []]);
      expect(textsOf(xml, 'VASTAdTagURI')).toEqual([WRAPPER.vast_url]);
      expect(textsOf(xml, 'ClickTracking')).toEqual([pixel('click')]);
      expect([textsOf(xml, 'ClickThrough'), textsOf(xml, 'MediaFile'), textsOf(xml, 'AdTitle')]).toEqual([[], [], []]);
    }
  });

  it.each<[string, Partial<Ad>, number]>([
    ['paused', { status: 'paused' }, NOW],
    ['archived', { status: 'archived', starts_at: null, ends_at: null }, NOW],
    ['not started', {}, NOW - 1],
    ['ended', {}, NOW + 1_000],
    ['without media', { media: [] }, NOW],
  ])('is empty but for Error while the ad is %s', (_state, fields, now) => {
    const { result, xml } = vast(fields, now);
    expect([result, vastProblems(xml), textsOf(xml, 'Ad')]).toEqual(['empty', [], []]);
    expect(textsOf(xml, 'Error')).toEqual([pixel('error', '&code=[ERRORCODE]')]);
  });

  it('is served until the last millisecond, and without dates', () => {
    expect(vast({}, NOW + 999).result).toBe('inline');
    expect(vast({ starts_at: null, ends_at: null }, 0).result).toBe('inline');
  });
});

const hostile = fc.oneof(
  fc.constantFrom(
    ']]>',
    '&amp;&#0;<!--',
    '"\'>',
    '\u202eRTL',
    '\u0000\u0001\u0002\u0003\u001b',
    '\ud800',
    '\ufffe',
    '[X]',
  ),
  fc.constantFrom('\r\n\t', '%', '{sid}{x}', '\\', '<![CDATA[', 'x'.repeat(8_192), '$&$1', '😀'),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const text = fc.array(hostile, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(''));
/** Ids and labels are in every URL. */
const short = text.map((long) => long.slice(0, 64));
const url = text.map((end) => `https://cdn.example/${end}`);
const hostileAd: fc.Arbitrary<Partial<Ad>> = fc.record({
  ...{ id: short, title: text, advertiser: text, campaign: text, target_url: fc.oneof(text, url) },
  click_mode: fc.constantFrom('redirect', 'tracking'),
  media: url.chain((one) =>
    text.map((type) => [{ url: one, type, width: 1.5, height: 1.5, delivery: 'progressive' as const }]),
  ),
  vast_url: fc.oneof(fc.constant(null), url),
  companion: url.chain((one) =>
    text.map((alt) => ({ image_url: one, width: 1, height: 1, target_url: one, alt_text: alt })),
  ),
});

it('is well-formed XML with valid URLs, whatever the fields contain', async () => {
  const documents: string[] = [];
  fc.assert(
    fc.property(hostileAd, short, (fields, label) => {
      const session = { sid: SID, carried: { placement: label.replaceAll(/\p{Cs}/gu, '') } };
      const { xml } = render({ ...AD, ...fields }, session, NOW);
      documents.push(xml);
      expect(vastProblems(xml)).toEqual([]);
    }),
    { numRuns: 50 },
  );
  // The parser of the rules is lenient, libxml2 is not.
  const xml = documents.map((contents, index) => ({ fileName: `${index}.xml`, contents }));
  const { errors, normalized } = await validateXML({ xml, normalization: 'c14n' });
  expect(errors).toEqual([]);
  expect(normalized.length).toBeGreaterThan(100_000);
});

const { VAST_XSD } = process.env;
(VAST_XSD === undefined ? it.skip : it)('is valid by the schema of VAST 4.2, which VAST_XSD names', async () => {
  const documents = [{}, TRACKING, WRAPPER, { status: 'paused' } as const, { companion: null, skip_offset: null }];
  // In the schema a URL has no brackets.
  const xml = documents.map((fields, index) => ({
    fileName: `${index}.xml`,
    contents: vast(fields).xml.replaceAll(/(?<!CDATA)\[([A-Z]+)\]/g, '$1'),
  }));
  const { errors } = await validateXML({ xml, schema: readFileSync(String(VAST_XSD), 'utf8') });
  expect(errors).toEqual([]);
});
