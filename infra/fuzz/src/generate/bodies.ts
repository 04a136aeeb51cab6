import fc from 'fast-check';
import { oneOf } from './choices.js';
import { adId, eventPath, eventTarget } from './endpoints.js';
import { validEvent } from './events.js';
import { hostileHeaderValue } from './hostile-strings.js';
import { jsonText, prototypeJson } from './json-text.js';
import type { FramedRequest } from './request.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Generates a POST of `body` to a path that accepts events. */
export function post(
  family: string,
  body: fc.Arbitrary<Buffer | string>,
  headers: fc.Arbitrary<Readonly<Record<string, string>>> = fc.constant(JSON_TYPE),
): fc.Arbitrary<FramedRequest> {
  return fc.record({ to: eventTarget, path: eventPath, body, headers }).map((request) => ({
    form: 'framed',
    family,
    method: 'POST',
    ...request,
    body: Buffer.from(request.body as string),
  }));
}

/** Generates valid events. Each gets 202. */
export const validRequests: fc.Arbitrary<FramedRequest> = fc
  .record({ event: validEvent, to: eventTarget, type: oneOf`application/json text/plain;charset=UTF-8` })
  .map(({ event: { path, body }, to, type }) => ({
    ...{ form: 'framed', family: 'valid', method: 'POST', to, path },
    headers: { 'Content-Type': type },
    body: Buffer.from(body),
  }));

export const oddJson = post('odd json', jsonText);

export const prototypeKeys = post('prototype keys', prototypeJson);

const nesting = fc.constantFrom(10, 1_000, 3_000, 5_000, 7_900, 100_000);

/** Generates nested brackets, just below the limit of the body and far above it. */
export const deepJson = post(
  'deep json',
  fc
    .tuple(nesting, fc.constantFrom('[', '{"a":', '[{"__proto__":'), fc.constantFrom('whole', 'more', 'ad_id', 'open'))
    .map(([depth, open, where]) => {
      const close = [...open].flatMap((bracket) => (bracket === '[' ? ']' : bracket === '{' ? '}' : [])).reverse();
      const deep = `${open.repeat(depth)}0${close.join('').repeat(depth)}`;
      if (where === 'open') return open.repeat(depth);
      if (where === 'ad_id') return `{"ad_id":${deep}}`;
      return where === 'more' ? `{"ad_id":"ad-001","more":${deep}}` : deep;
    }),
);

/** Generates bodies just below and above MAX_BODY_BYTES, and up to 1 MB. */
export const hugeJson = post(
  'huge json',
  fc
    .record({
      length: fc.constantFrom(16_000, 16_383, 16_384, 16_385, 20_000, 200_000, 1_000_000),
      shape: fc.constantFrom('spaces', 'string', 'name', 'members', 'array', 'digits'),
      ad: adId,
    })
    .map(({ length, shape, ad }) => {
      const start = `{"ad_id":${JSON.stringify(ad)}`;
      const rest = length - start.length - 10;
      if (shape === 'spaces') return `${start}${' '.repeat(length - start.length - 1)}}`;
      if (shape === 'string') return `${start},"more":"${'x'.repeat(rest)}"}`;
      if (shape === 'name') return `${start},"${'x'.repeat(rest)}":0}`;
      if (shape === 'digits') return `${start},"more":1${'0'.repeat(rest)}}`;
      const each = shape === 'members' ? '"k":0,' : '[],';
      const many = each.repeat(Math.floor(rest / each.length)).slice(0, -1);
      return shape === 'members' ? `${start},${many}}` : `${start},"more":[${many}]}`;
    }),
);

/** Generates a valid body that is cut, doubled or changed. */
export const brokenJson = post(
  'broken json',
  fc
    .tuple(validEvent, fc.nat(), fc.constantFrom('cut', 'byte', 'doubled', 'tail'), fc.integer({ min: 0, max: 255 }))
    .map(([{ body }, at, how, byte]) => {
      const bytes = Buffer.from(body);
      const place = at % bytes.length;
      if (how === 'cut') return bytes.subarray(0, place);
      if (how === 'doubled') return Buffer.concat([bytes, bytes]);
      if (how === 'tail') return Buffer.concat([bytes, Buffer.from([byte])]);
      return Buffer.from(bytes.map((old, index) => (index === place ? byte : old)));
    }),
);

const parametersOfJson = oneOf`
  charset=utf-16 charset= charset="utf-8" charset=__proto__ ${'charset=utf-8; charset=latin1'} ${'x=y;'.repeat(500)}
`;
const contentType = fc.oneof(
  oneOf`
    ${''} text/html text/plain */* json / application/x-www-form-urlencoded ${'multipart/form-data; boundary=x'}
    APPLICATION/JSON application/json\t application/json;;; application/+json application/vnd.player+json
    ${'application/json, text/html'}
  `,
  parametersOfJson.map((parameters) => `application/json; ${parameters}`),
  hostileHeaderValue,
);

export const contentTypes = post(
  'content types',
  validEvent.map(({ body }) => body),
  contentType.map((type) => ({ 'Content-Type': type })),
);
