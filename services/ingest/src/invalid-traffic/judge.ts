import { isMarkedInvalid } from '@ads/http';
import { type AdEvent, INVALID_VERDICTS, type IngestVerdict, NO_ADDRESS } from '@ads/models';
import type { AddressList } from './address-list.js';
import { readWords, WORDS } from './address-words.js';
import type { Circumstances } from './circumstances.js';
import type { AgentClass } from './user-agents.js';

/** Returns an event with its verdict; a valid one as it is. */
export type Judge = (event: AdEvent, circumstances: Circumstances) => AdEvent;

export interface JudgeOptions {
  readonly lists: { readonly [Name in 'listed_ip' | 'datacenter']: Pick<AddressList, 'has'> | undefined };
  readonly classOf: (userAgent: string) => AgentClass;
  /** True if a trusted proxy may mark requests: `IVT_PROXY_HEADER`. */
  readonly readsProxyHeader: boolean;
  /** The duration of an ad in seconds; undefined if it has none or is not in memory. */
  readonly durationOf: (adId: string) => number | undefined;
}

/** Browsers and players have longer ones. */
const SHORTEST_USER_AGENT = 8;
/** Players report the end of a video late. */
const PLAY_TIME_MARGIN_MS = 2_000;

interface Facts extends Circumstances {
  readonly event: AdEvent;
  /** True if the address of the viewer is known; then `isV4` and `words` are its address. */
  readonly hasAddress: boolean;
  readonly isV4: boolean;
}

type Rule = (facts: Facts) => boolean;

/** The address that is being judged, for all events. */
const words = new Uint32Array(WORDS);

/** Returns the function that judges events by their requests, in the order of `VERDICTS`: the first rule that applies. */
export function createJudge(options: JudgeOptions): Judge {
  const rules = rulesOf(options);
  const inOrder = INVALID_VERDICTS.flatMap((verdict) => {
    const rule = rules[verdict as IngestVerdict];
    return rule === undefined ? [] : [{ verdict: verdict as IngestVerdict, rule }];
  });
  const hasLists = rules.listed_ip !== undefined || rules.datacenter !== undefined;
  return (event, { viewer, channel, request }) => {
    const { ip } = viewer;
    const hasAddress = hasLists && ip !== undefined && ip !== NO_ADDRESS;
    const isV4 = hasAddress && readWords(ip, words);
    const facts: Facts = { event, viewer, channel, request, hasAddress, isV4 };
    for (const { verdict, rule } of inOrder) if (rule(facts)) return { ...event, verdict };
    return event;
  };
}

/** The rules that are on. */
function rulesOf({ lists, classOf, readsProxyHeader, durationOf }: JudgeOptions): {
  readonly [Verdict in IngestVerdict]?: Rule | undefined;
} {
  return {
    listed_ip: isIn(lists.listed_ip),
    datacenter: isIn(lists.datacenter),
    bot({ viewer: { userAgent }, channel }) {
      if (userAgent === undefined) return false;
      const found = classOf(userAgent);
      return found === 'bot' || (found === 'player' && channel === 'link');
    },
    no_user_agent: ({ viewer: { userAgent }, channel }) =>
      channel !== 'json' && userAgent !== undefined && userAgent.length < SHORTEST_USER_AGENT,
    proxy_flag: readsProxyHeader ? ({ request }) => request !== undefined && isMarkedInvalid(request) : undefined,
    // The rules of signed tags belong here: unsigned, bad_signature, expired.
    impossible({ event: { playTimeMs, adId } }) {
      if (playTimeMs === undefined) return false;
      const seconds = durationOf(adId);
      return seconds !== undefined && playTimeMs > seconds * 1_000 + PLAY_TIME_MARGIN_MS;
    },
  };
}

function isIn(list: Pick<AddressList, 'has'> | undefined): Rule | undefined {
  return list && (({ hasAddress, isV4 }) => hasAddress && list.has(isV4, words));
}
