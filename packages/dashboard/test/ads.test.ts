import type { Ad } from '@ads/models';
import { expect, test } from '@jest/globals';
import { phaseOf, showValue } from '../src/ads/ad-fields.js';
import { ARRIVAL_METRICS, arrivalsBetween } from '../src/ads/arrivals.js';
import { columnOf, readCsv } from '../src/ads/csv.js';
import { bodyOfNew, changesOf, NEW_AD, NEW_COMPANION, NEW_MEDIA, rebase, textsOf } from '../src/ads/form.js';
import { addressIn, addressNote } from '../src/ads/tag-address.js';

const AD: Ad = {
  id: 'spring',
  title: 'Spring',
  advertiser: null,
  campaign: 'spring',
  image_url: '',
  target_url: 'https://shop.example/',
  click_mode: 'redirect',
  duration_seconds: 20.5,
  skip_offset: null,
  media: [{ url: 'https://a.example/a.mp4', type: 'video/mp4', width: 640, height: 360, delivery: 'progressive' }],
  vast_url: null,
  companion: { image_url: 'https://a.example/a.png', width: 300, height: 250, target_url: null, alt_text: null },
  status: 'active',
  starts_at: '2026-03-01T10:20:30.400Z',
  ends_at: null,
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000123Z',
};

test('the body of a new ad has what was entered, and leaves the rest to the API', () => {
  expect(bodyOfNew(NEW_AD)).toEqual({ click_mode: 'redirect', media: [], status: 'active' });
  const texts = { ...NEW_AD, id: ' x ', target_url: ' https://a.example/ ', duration_seconds: '12.5', title: '  ' };
  expect(bodyOfNew({ ...texts, media: [{ ...NEW_MEDIA, bitrate: '2500' }], companion: NEW_COMPANION })).toEqual({
    id: 'x',
    target_url: 'https://a.example/',
    click_mode: 'redirect',
    duration_seconds: 12.5,
    media: [{ url: '', type: 'video/mp4', width: 1280, height: 720, bitrate: 2500, delivery: 'progressive' }],
    companion: { image_url: '', width: 300, height: 250, target_url: null, alt_text: null },
    status: 'active',
  });
  const local = new Date(2026, 2, 1, 12, 30);
  expect(bodyOfNew({ ...NEW_AD, starts_at: '2026-03-01T12:30', duration_seconds: 'x' })).toMatchObject({
    starts_at: local.toISOString(),
    duration_seconds: 'x',
  });
});

test('a change has only the fields that were edited, and keeps seconds that the form does not show', () => {
  const before = textsOf(AD);
  expect(changesOf(before, before)).toEqual({});
  const after = { ...before, title: '', advertiser: 'Shop', media: [], companion: undefined };
  expect(changesOf(before, after)).toEqual({ title: null, advertiser: 'Shop', media: [], companion: null });
});

test('the own changes can be put on top of a version of somebody else', () => {
  const before = textsOf(AD);
  const theirs = textsOf({ ...AD, title: 'Theirs', campaign: 'summer', media: [] });
  const mine = rebase(before, { ...before, title: 'Mine', ends_at: '2026-04-01T00:00' }, theirs);
  expect(mine).toMatchObject({ title: 'Mine', campaign: 'summer', media: [], ends_at: '2026-04-01T00:00' });
  expect(Object.keys(changesOf(theirs, mine))).toEqual(['title', 'ends_at']);
});

test('a CSV is read with quotes, line breaks in quotes, empty fields and empty lines', () => {
  const records = readCsv('id, title ,target_url\r\n1,"Two, ""three""\nfour",\r\n\r\n"""x""",,https://a.example/\n2');
  expect(records).toEqual([
    ['id', 'title', 'target_url'],
    ['1', 'Two, "three"\nfour', ''],
    ['"x"', '', 'https://a.example/'],
    ['2'],
  ]);
  expect(columnOf(records, 'target_url')).toEqual(['', 'https://a.example/', '']);
  expect(columnOf(records, 'campaign')).toEqual(['', '', '']);
  expect(readCsv('')).toEqual([]);
  // As for the API, a line with a space or with quotes is a record.
  expect(readCsv('id\n \n""\n\n1')).toEqual([['id'], [''], [''], ['1']]);
});

test('events are told apart by what a report has more than the one before', () => {
  const valid = { final: false, verdict: 'valid', impressions: 3, clicks: 1, starts: 1, invalid_clicks: 0 };
  const bot = { final: false, verdict: 'bot', clicks: 0, invalid_clicks: 2, invalid_impressions: 0 };
  expect(arrivalsBetween([valid], [valid])).toEqual([]);
  expect(arrivalsBetween([], [{ ...valid, impressions: 1, clicks: 0, starts: 0 }])).toEqual([
    { kind: 'impression', verdict: 'valid', count: 1 },
  ]);
  expect(arrivalsBetween([valid], [{ ...valid, clicks: 3, starts: 2 }, bot])).toEqual([
    { kind: 'click', verdict: 'valid', count: 2 },
    { kind: 'start', verdict: 'valid', count: 1 },
    { kind: 'click', verdict: 'bot', count: 2 },
  ]);
  expect(ARRIVAL_METRICS).toContain('invalid_clicks,starts,');
});

test('an address of tags that others cannot open is noted', () => {
  const local = 'http://localhost:8080/c/x';
  expect(addressNote(local, 'http://localhost:8080/dashboard')).toMatchObject({ isProblem: false });
  expect(addressNote(local, 'http://192.0.2.7:8080/dashboard')).toMatchObject({ isProblem: true });
  expect(addressNote('http://ads.example/c/x', 'https://ads.example/dashboard')).toMatchObject({ isProblem: true });
  expect(addressNote('https://ads.example/c/x', 'https://ads.example/dashboard')).toBeUndefined();
  const pixel = '<img src="https://a.example/t/impression?ad_id=x&amp;pl=a%22" width="1" height="1" alt="">';
  expect(addressIn(pixel)).toBe('https://a.example/t/impression?ad_id=x&pl=a%22');
  expect(addressIn('https://a.example/c/x?pl=1&src=2')).toBe('https://a.example/c/x?pl=1&src=2');
  expect(addressIn('curl -X POST')).toBeUndefined();
});

test('an active ad is scheduled before its campaign and ended after it', () => {
  const phase = (now: string, status: Ad['status'] = 'active') =>
    phaseOf({ status, starts_at: '2026-03-01T00:00:00Z', ends_at: '2026-04-01T00:00:00Z' }, Date.parse(now)).name;
  expect(['2026-02-28', '2026-03-01', '2026-04-01'].map((now) => phase(now))).toEqual(['scheduled', 'active', 'ended']);
  expect(phase('2026-02-28', 'paused')).toBe('paused');
});

test('values of an ad are shown in the words of the page', () => {
  expect(['title', 'media', 'companion'].map((name) => showValue(name, null))).toEqual(['–', '–', '–']);
  expect([showValue('media', []), showValue('status', 'paused'), showValue('duration_seconds', 20)]).toEqual([
    '–',
    'Paused',
    '20',
  ]);
  expect(showValue('media', AD.media)).toBe('https://a.example/a.mp4 · video/mp4 · 640×360 · progressive');
});
