import type { Random } from '@ads/harness';

const SHARE_OF_BOTS = 0.05;
const SHARE_OF_IPV6 = 0.3;

/** A network, such as `203.0.113.0/24`. */
export function addressRange(random: Random): string {
  return random.chance(SHARE_OF_IPV6) ? `${v6Network(random)}::/48` : `${v4Network(random)}.0/24`;
}

/** The header lines of a viewer: the address, as a proxy reports it, and the user agent. */
export function viewerHeaders(random: Random): string {
  const address = random.chance(SHARE_OF_IPV6) ? `${v6Network(random)}::9` : `${v4Network(random)}.9`;
  return `X-Forwarded-For: ${address}\r\nUser-Agent: ${userAgent(random)}\r\n`;
}

const v4Network = (random: Random): string => [223, 255, 255].map((most) => random.integer(1, most)).join('.');

function v6Network(random: Random): string {
  const group = (least: number, most: number) => random.integer(least, most).toString(16);
  return [group(0x2000, 0x3fff), group(1, 0xffff), group(1, 0xffff)].join(':');
}

function userAgent(random: Random): string {
  const number = (most: number) => random.integer(1, most);
  if (random.chance(SHARE_OF_BOTS)) return `Mozilla/5.0 (compatible; bot-${number(99)}/2.1; +http://bots.example.com)`;
  const chrome = `Chrome/${90 + number(50)}.0.${4_000 + number(2_999)}.${number(200)}`;
  return random.pick([
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) ${chrome} Safari/537.36`,
    `Mozilla/5.0 (Linux; Android ${7 + number(8)}; SM-A${number(999)}B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 ${chrome} Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/489.0.0.66.81;]`,
    `Mozilla/5.0 (iPhone; CPU iPhone OS ${11 + number(7)}_${number(6)} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.${number(6)} Mobile/15E148 Safari/604.1`,
    `Mozilla/5.0 (SMART-TV; LINUX; Tizen ${number(8)}.0) AppleWebKit/537.36 (KHTML, like Gecko) ${chrome} TV Safari/537.36`,
  ]);
}
