import { ENDPOINT_KINDS, EVENT_KINDS } from '@ads/models';
import fc from 'fast-check';
import { oneOf, weighted } from './choices.js';
import { adId } from './endpoints.js';
import { hostileString, prototypeName } from './hostile-strings.js';

/** A member of a JSON object. Names may repeat, and a value may be a text that `JSON.stringify` never writes. */
type Member = readonly [name: string, value: string];

const ID_FIELDS = ENDPOINT_KINDS.map((kind) => EVENT_KINDS[kind].idField);

const numbers = fc.constantFrom(
  ...['1e400', '-1e400', '-0', '0.5', '1e-400', '9007199254740993', '-1', '86400', '86401', '1E3', '30.0', '1e5'],
  ...['4294967296', '2147483648', '123456789012345678901234567890'],
);

/** Generates texts that are not JSON, although some parsers accept them. */
const notJson = oneOf`NaN Infinity 01 +1 .5 0x10 undefined 'a' "\t" "\\x41" "\\u12"`;

const escapes = oneOf`
  "\\ud800" "\\udfff\\ud800" "\\u0000" "\\u005f\\u005fproto\\u005f\\u005f" "ad\\u002d001" "\\u202e" "\\/\\b\\f"
`;

const value: fc.Arbitrary<string> = weighted(
  [4, hostileString.map((text) => JSON.stringify(text))],
  [2, numbers],
  [2, fc.constantFrom('true', 'false', 'null', '[]', '{}', '""', '[null]', '{"ad_id":"ad-001"}')],
  [1, escapes],
  [1, fc.json({ maxDepth: 4 })],
  [1, fc.tuple(prototypeName, hostileString).map(([name, text]) => JSON.stringify({ [name]: { [text]: true } }))],
  [1, hostileString.map((text) => JSON.stringify([text, [text], { [text]: text }]))],
);

const fieldName = fc.constantFrom('ad_id', 'ip', 'video_play_time', 'timestamp', ...ID_FIELDS, 'kind', 'id', 'AD_ID');

const name = weighted([4, fieldName], [2, prototypeName], [1, hostileString]);

const member: fc.Arbitrary<Member> = fc.tuple(name, value);

/** Generates an object with members in any order and possibly repeated names. */
const hostileObject = fc.array(member, { maxLength: 8 }).map(write);

/** Generates a valid event with extra or repeated members. The result may be valid. */
const oddEvent = fc
  .tuple(adId, fc.uuid(), fc.array(member, { maxLength: 4 }), fc.boolean())
  .map(([ad, id, members, last]) => {
    const required: Member[] = [
      ['ad_id', JSON.stringify(ad)],
      ...ID_FIELDS.map((field): Member => [field, JSON.stringify(id)]),
    ];
    return write(last ? [...members, ...required] : [...required, ...members]);
  });

const notAnObject = fc.oneof(
  value,
  notJson,
  fc.constantFrom('', ' ', '\n', '[', '{', '"', '{"a"', '{"a":}', '{,}', '[1,]', '{}{}'),
);

const almostJson = fc.tuple(fieldName, notJson).map(([field, text]) => `{"ad_id":"ad-001","${field}":${text}}`);

/** Generates bodies to be sent as JSON, valid or not. */
export const jsonText: fc.Arbitrary<string> = weighted(
  [4, hostileObject],
  [4, oddEvent],
  [1, notAnObject],
  [1, almostJson],
);

/** Generates a valid event with field names that JavaScript itself looks up, such as `__proto__`. */
export const prototypeJson: fc.Arbitrary<string> = fc
  .tuple(adId, fc.uuid(), fc.array(fc.tuple(prototypeName, value), { minLength: 1, maxLength: 5 }))
  .map(([ad, id, members]) =>
    write([
      ...members,
      ['ad_id', JSON.stringify(ad)],
      ['__proto__', '{"ad_id":"ad-001","polluted":true,"status":500}'],
      ...ID_FIELDS.map((field): Member => [field, JSON.stringify(id)]),
    ]),
  );

function write(members: readonly Member[]): string {
  return `{${members.map(([field, text]) => `${JSON.stringify(field)}:${text}`).join(',')}}`;
}
