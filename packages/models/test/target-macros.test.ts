import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fillTarget, LONGEST_MACRO_VALUE, readTarget, TARGET_MACROS } from '../src/index.js';

describe('a target with macros', () => {
  it('gets percent-encoded values, and absent ones are empty', () => {
    const reading = readTarget('https://a.example/{ad_id}?c={click_id}&again={click_id}&s={sub1}#{sub5}');
    if (reading.state !== 'target') throw new Error(reading.problem);
    expect(fillTarget(reading.parts, { ad_id: '../\r\n\u00fc', click_id: 'a&b=c', sub5: '\ud800' })).toBe(
      'https://a.example/..%2F%0D%0A%C3%BC?c=a%26b%3Dc&again=a%26b%3Dc&s=#%EF%BF%BD',
    );
    expect(fillTarget(reading.parts, { sub1: 'x'.repeat(LONGEST_MACRO_VALUE) })).toMatch(/s=x{512}#$/);
    expect(fillTarget(reading.parts, { sub1: 'x'.repeat(LONGEST_MACRO_VALUE + 1) })).toMatch(/s=#$/);
  });

  it.each([
    '{sub1}://a.example/',
    'https://{sub1}/',
    'https://{sub1}@a.example/',
    'https://a.example:{sub1}/',
    'https://a.example{sub1}',
    'https:///{sub1}/',
    'https:/{sub1}/',
    'https://\\{sub1}/',
    'https://a.example\\{sub1}/',
    'https://a b/',
    'https://[MACRO]/',
    'javascript:alert(1)',
    `https://a.example/${'{sid}'.repeat(21)}`,
    '',
  ])('is unsafe as %j', (text) => {
    expect(readTarget(text)).toEqual({ state: 'unsafe', problem: expect.any(String) });
  });

  it.each([
    ['https://a.example/{name}', 'https://a.example/%7Bname%7D', /unknown macro \{name\}/],
    ['https://a.example/?{{sid}', 'https://a.example/?%7B1', /brace/],
    ['https://a.example/{sid', 'https://a.example/%7Bsid', /brace/],
    ['https://a.example/sid}', 'https://a.example/sid%7D', /brace/],
    [' https://b\u00fccher.example/\u00fc \n{sid}', 'https://xn--bcher-kva.example/%C3%BC%20%0A1', /ASCII/],
  ])('that ads have from SQL is repaired: %j', (text, url, problem) => {
    const reading = readTarget(text);
    if (reading.state !== 'repaired') throw new Error(`not repaired: ${reading.state}`);
    expect(reading.problem).toMatch(problem);
    expect(fillTarget(reading.parts, { sid: '1' })).toBe(url);
  });

  it('leads to its own host, in printable ASCII, whatever the text and the values are', () => {
    const pieces = [
      'https://',
      'HTTP://',
      'a.example',
      '/',
      '\\',
      '?',
      '#',
      '@',
      ':',
      '{',
      '}',
      '{sub1}',
      '%',
      '\ud800',
      '\n',
    ];
    const text = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary' })), { maxLength: 8 });
    const value = fc.oneof(fc.constantFrom('//evil.example', '@evil.example', '\\', '\r\n', '\ud800'), fc.string());
    fc.assert(
      fc.property(text, value, (texts, hostile) => {
        const reading = readTarget(`https://${texts.join('')}`);
        if (reading.state === 'unsafe') return;
        const fill = (one: string) =>
          fillTarget(reading.parts, Object.fromEntries(TARGET_MACROS.map((name) => [name, one])));
        expect(fill(hostile)).toMatch(/^https:\/\/[!-~]+$/);
        expect(new URL(fill(hostile)).host).toBe(new URL(fill('')).host);
      }),
      { numRuns: 200 },
    );
  });
});
