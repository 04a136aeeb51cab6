import type { Variables } from '@ads/runtime';
import Joi from 'joi';
import type { UserAgentRules } from './user-agents.js';

/** The rules of invalid traffic. */
export interface InvalidTrafficConfig {
  readonly IVT_DENY_FILE?: string;
  readonly IVT_DATACENTER_FILE?: string;
  readonly IVT_LIST_MAX_BYTES: number;
  readonly IVT_LIST_MAX_RANGES: number;
  readonly IVT_UA_INCLUDE: UserAgentRules['include'];
  readonly IVT_UA_EXCLUDE: UserAgentRules['exclude'];
  readonly IVT_PROXY_HEADER: 'off' | 'on';
}

/** Each costs 0.1 µs for a user agent that is not cached. */
const MOST_PARTS = 100;
/** A shorter text is in nearly all user agents. */
const SHORTEST_PART = 3;
const LONGEST_PART = 200;

const parts = Joi.string()
  .allow('')
  .custom((text: string) => {
    const list = text.split(',').map((part) => part.trim().toLowerCase());
    const found = list.filter((part) => part !== '');
    if (found.length > MOST_PARTS) throw new Error(`has more than ${MOST_PARTS} texts`);
    const wrong = found.find((part) => part.length < SHORTEST_PART || part.length > LONGEST_PART);
    if (wrong === undefined) return found;
    throw new Error(`has a text that is not ${SHORTEST_PART} to ${LONGEST_PART} characters long`);
  })
  .default([]);

const LIST =
  'a file with an IPv4 or IPv6 address or range (CIDR) per line; `#` begins a comment. A changed file is loaded within seconds. A wrong line is logged with its number, and the old list stays. Ingest does not start with a file that it cannot use.';

export const invalidTrafficVariables: Variables<InvalidTrafficConfig> = {
  IVT_DENY_FILE: Joi.string().description(
    `Path of the list of addresses whose events are invalid (\`listed_ip\`): ${LIST}`,
  ),
  IVT_DATACENTER_FILE: Joi.string().description(
    `Path of the list of addresses of data centers, whose events are invalid (\`datacenter\`): ${LIST} \`npm run ivt-lists\` makes it from the files of the clouds.`,
  ),
  IVT_LIST_MAX_BYTES: Joi.number()
    .integer()
    .min(1)
    .max(268_435_456)
    .default(33_554_432)
    .description('Largest file of a list.'),
  IVT_LIST_MAX_RANGES: Joi.number()
    .integer()
    .min(1)
    .max(5_000_000)
    .default(1_000_000)
    .description(
      'Most lines with a range in a list. A range takes 5 bytes of memory (IPv4) or 17 (IPv6), and up to 70 while the list is loaded.',
    ),
  IVT_UA_INCLUDE: parts.description(
    'Texts, separated by commas: a user agent that contains one of them, in any case, is never a bot.',
  ),
  IVT_UA_EXCLUDE: parts.description(
    'Texts, separated by commas: a user agent that contains one of them, in any case, and none of `IVT_UA_INCLUDE`, is a bot.',
  ),
  IVT_PROXY_HEADER: Joi.string()
    .valid('off', 'on')
    .default('off')
    .description(
      'With `on`, an event of `/t` or `/c` is invalid (`proxy_flag`) if a proxy of `TRUST_PROXY` adds the header `X-Invalid-Traffic` with any text. The proxy must remove the header from the requests of clients.',
    ),
};
