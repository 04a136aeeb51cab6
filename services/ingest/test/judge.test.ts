import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { ANYONE, type RequestContext } from '@ads/http';
import { type AdEvent, addressBytes } from '@ads/models';
import { describe, expect, it } from '@jest/globals';
import { V4_WORD } from '../src/invalid-traffic/address-words.js';
import { ofBody, ofTag } from '../src/invalid-traffic/circumstances.js';
import { createJudge } from '../src/invalid-traffic/judge.js';
import { userAgentClassifier } from '../src/invalid-traffic/user-agents.js';
import { click } from './events.js';

/** A list of single IPv4 addresses. */
function listOf(...addresses: readonly string[]) {
  const listed = new Set(addresses.map((address) => addressBytes(address).readUInt32BE(12)));
  return { has: (isV4: boolean, asked: Uint32Array) => isV4 && listed.has(asked[V4_WORD] ?? 0) };
}

const OPTIONS = {
  lists: { listed_ip: listOf('192.0.2.66', '0.0.0.0'), datacenter: listOf('192.0.2.66', '192.0.2.77') },
  classOf: userAgentClassifier({ include: [], exclude: [] }),
  readsProxyHeader: true,
  durationOf: (adId: string) => (adId === 'ad-001' ? 30 : undefined),
};
const judge = createJudge(OPTIONS);

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0';

interface Tag {
  readonly ip?: string;
  readonly userAgent?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isStitcher?: boolean;
  readonly playTimeMs?: number;
  readonly adId?: string;
}

function contextOf({ headers = {}, isStitcher = false }: Tag): RequestContext {
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, headers);
  const nothing = () => undefined;
  return {
    request,
    caller: ANYONE,
    clientAddress: nothing,
    isStitcher: () => isStitcher,
    clientKey: () => '',
    charge: nothing,
  };
}

function eventOf({ ip = '203.0.113.9', playTimeMs, adId = 'ad-001' }: Tag): AdEvent {
  return { ...click(adId), ip, ...(playTimeMs === undefined ? {} : { playTimeMs }) };
}

function onTag(tag: Tag, channel: 'pixel' | 'link' = 'pixel', by = judge) {
  const { ip = '203.0.113.9', userAgent = BROWSER } = tag;
  return by(eventOf(tag), ofTag(contextOf(tag), { ip, userAgent }, channel)).verdict;
}

const inBody = (fields: { readonly ip?: string | null; readonly user_agent?: string | null }, tag: Tag = {}) => {
  const event = eventOf({ ...tag, ip: fields.ip ?? '192.0.2.66' });
  return judge(event, ofBody(event, fields)).verdict;
};

const MARKED = { 'x-invalid-traffic': 'waf-17' };

describe('the verdict on a tag', () => {
  it('is that of the first rule, in the order of the table', () => {
    const all: Tag = { ip: '192.0.2.66', userAgent: 'curl', headers: MARKED, playTimeMs: 32_001 };
    const steps: [Tag, string | undefined][] = [
      [{}, 'listed_ip'],
      [{ ip: '192.0.2.77' }, 'datacenter'],
      [{ ip: '192.0.2.1' }, 'bot'],
      [{ userAgent: '' }, 'no_user_agent'],
      [{ userAgent: BROWSER }, 'proxy_flag'],
      [{ headers: {} }, 'impossible'],
      [{ playTimeMs: 32_000 }, undefined],
    ];
    let tag = all;
    const verdicts = steps.map(([change]) => {
      tag = { ...tag, ...change };
      return onTag(tag);
    });
    expect(verdicts).toEqual(steps.map(([, verdict]) => verdict));
  });

  it.each([
    [7, 'no_user_agent'],
    [8, undefined],
  ])('needs a user agent of 8 characters: %d', (length, verdict) => {
    const withoutBots = createJudge({ ...OPTIONS, classOf: () => 'viewer' });
    expect(onTag({ userAgent: 'x'.repeat(length) }, 'pixel', withoutBots)).toBe(verdict);
  });

  it('on a library that plays videos depends on whether it fetches a pixel or opens a link', () => {
    const tag = { userAgent: 'okhttp/4.12.0' };
    expect([onTag(tag, 'pixel'), onTag(tag, 'link')]).toEqual([undefined, 'bot']);
  });

  it('never depends on an address that is unknown, nor on the duration of an ad that is not in memory', () => {
    expect(onTag({ ip: '0.0.0.0' })).toBeUndefined();
    expect(onTag({ adId: 'ad-002', playTimeMs: 80_000_000 })).toBeUndefined();
  });

  it('of a stitcher depends only on the viewer whom its headers name', () => {
    const stitcher = { ip: '192.0.2.77', userAgent: 'AWSElementalMediaTailor/1.0', isStitcher: true };
    expect(onTag(stitcher)).toBeUndefined();
    const device = (headers: Tag['headers'], tag: Partial<Tag> = {}) =>
      onTag({ ...stitcher, ...tag, ...(headers && { headers }) });
    expect(device({ 'x-device-ip': '192.0.2.66' }, { ip: '192.0.2.66' })).toBe('listed_ip');
    expect(device({ 'x-device-user-agent': 'curl/8.5.0' })).toBe('bot');
    expect(device({ 'x-device-user-agent': BROWSER })).toBeUndefined();
    expect(device({ 'x-device-user-agent': '' })).toBe('no_user_agent');
  });

  it('ignores the header of proxies unless it is on', () => {
    const off = createJudge({ ...OPTIONS, readsProxyHeader: false });
    expect([onTag({ headers: MARKED }), onTag({ headers: MARKED }, 'pixel', off)]).toEqual(['proxy_flag', undefined]);
  });
});

describe('the verdict on an event in JSON', () => {
  it('depends only on the viewer whom the body names', () => {
    // The address of the event is that of the sender, which is listed.
    expect([inBody({}), inBody({ ip: null, user_agent: null }), inBody({ user_agent: '' })]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(inBody({ ip: '192.0.2.77' })).toBe('datacenter');
    expect(inBody({ ip: '203.0.113.1' })).toBeUndefined();
    expect(inBody({ user_agent: 'Googlebot/2.1 (+http://www.google.com/bot.html)' })).toBe('bot');
    expect(inBody({ user_agent: 'okhttp/4.12.0' })).toBeUndefined();
    expect(inBody({ user_agent: 'X' })).toBe('bot');
    expect(inBody({}, { playTimeMs: 32_001 })).toBe('impossible');
  });
});

it('a valid event is the same object', () => {
  const event = eventOf({});
  expect(judge(event, ofBody(event, {}))).toBe(event);
});
