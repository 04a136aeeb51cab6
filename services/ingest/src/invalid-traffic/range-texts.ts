import type { AddressRanges } from './address-ranges.js';
import { WORDS } from './address-words.js';

/** The ranges as texts (CIDR), in order, IPv4 first. */
export function rangeTexts({ v4, v4Prefixes, v6, v6Prefixes }: AddressRanges): string[] {
  const texts = Array.from(v4, (word, index) => `${dotted(word)}/${v4Prefixes[index]}`);
  for (const [index, prefix] of v6Prefixes.entries()) {
    texts.push(`${groupsOf(v6.subarray(WORDS * index, WORDS * (index + 1)))}/${prefix}`);
  }
  return texts;
}

function dotted(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff).join('.');
}

/** The zeros at the end, which networks have, are written as `::`. */
function groupsOf(words: Uint32Array): string {
  const groups = Array.from(words).flatMap((word) => [word >>> 16, word & 0xffff]);
  const length = groups.findLastIndex((group) => group !== 0) + 1;
  const text = groups
    .slice(0, length)
    .map((group) => group.toString(16))
    .join(':');
  // `::` stands for at least two groups: some parsers refuse it for one.
  return groups.length - length < 2 ? groups.map((group) => group.toString(16)).join(':') : `${text}::`;
}
