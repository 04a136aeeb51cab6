import { isMarkedInvalid } from '@ads/http';
import { type AdEvent, INVALID_VERDICTS, type IngestVerdict, NO_ADDRESS, type WritableEvent } from '@ads/models';
import type { SignatureOutcome, SignatureVerdict } from '../tags/tag-signatures.js';
import type { TagSigning } from '../tags/tag-signing.js';
import type { AddressList } from './address-list.js';
import { readWords, WORDS } from './address-words.js';
import type { Circumstances } from './circumstances.js';
import type { Agent } from './user-agents.js';
import type { ViewerHash } from './viewer-hash.js';

/** Adds the hash of its viewer to an event, and its verdict if it is invalid. Returns the same event. */
export type Judge = (event: AdEvent, circumstances: Circumstances) => AdEvent;

export interface JudgeOptions {
  readonly lists: { readonly [Name in 'listed_ip' | 'datacenter']: Pick<AddressList, 'has'> | undefined };
  readonly agentOf: (userAgent: string) => Agent;
  /** True if a trusted proxy may mark requests: `IVT_PROXY_HEADER`. */
  readonly readsProxyHeader: boolean;
  /** The duration of an ad in seconds; undefined if it has none or is not in memory. */
  readonly durationOf: (adId: string) => number | undefined;
  /** Undefined if signatures are not checked. */
  readonly signing: Pick<TagSigning, 'outcomeOf' | 'isEnforced'> | undefined;
  readonly viewerOf: ViewerHash;
}

/** Browsers and players have longer ones. */
const SHORTEST_USER_AGENT = 8;
/** Players report the end of a video late. */
const PLAY_TIME_MARGIN_MS = 2_000;

interface Facts extends Circumstances {
  readonly event: AdEvent;
  /** Undefined if the user agent is unknown. */
  readonly agent: Agent | undefined;
  /** True if the address of the viewer is known; then `isV4` and `words` are its address. */
  readonly hasAddress: boolean;
  readonly isV4: boolean;
  /** The outcome of the check of the signature, once a rule has asked for it. */
  signature?: SignatureOutcome;
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
  return (event, circumstances) => {
    const { viewer, channel, request, query } = circumstances;
    const { ip, userAgent } = viewer;
    const agent = userAgent === undefined ? undefined : options.agentOf(userAgent);
    const hasAddress = ip !== undefined && ip !== NO_ADDRESS;
    const isV4 = hasAddress && readWords(ip, words);
    // The event is changed in place, because a copy takes 1.2 µs and no other code has the event yet.
    const judged: WritableEvent = event;
    if (hasAddress && agent !== undefined) {
      const hash = options.viewerOf(words, agent, event.receivedAt);
      if (hash !== undefined) judged.viewer = hash;
    }
    const facts: Facts = { event, viewer, channel, request, query, agent, hasAddress, isV4 };
    for (const { verdict, rule } of inOrder) {
      if (rule(facts)) {
        judged.verdict = verdict;
        break;
      }
    }
    return event;
  };
}

/** The rules that are on. */
function rulesOf({ lists, readsProxyHeader, durationOf, signing }: JudgeOptions): {
  readonly [Verdict in IngestVerdict]?: Rule | undefined;
} {
  return {
    listed_ip: isIn(lists.listed_ip),
    datacenter: isIn(lists.datacenter),
    bot: ({ agent, channel }) =>
      agent !== undefined && (agent.class === 'bot' || (agent.class === 'player' && channel === 'link')),
    no_user_agent: ({ viewer: { userAgent }, channel }) =>
      channel !== 'json' && userAgent !== undefined && userAgent.length < SHORTEST_USER_AGENT,
    proxy_flag: readsProxyHeader ? ({ request }) => request !== undefined && isMarkedInvalid(request) : undefined,
    unsigned: hasOutcome('unsigned', signing),
    bad_signature: hasOutcome('bad_signature', signing),
    expired: hasOutcome('expired', signing),
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

/** The signature is checked even if it is not enforced, so that its outcome is counted. */
function hasOutcome(verdict: SignatureVerdict, signing: JudgeOptions['signing']): Rule | undefined {
  return (
    signing &&
    ((facts) => {
      const { event, query } = facts;
      if (query === undefined) return false;
      facts.signature ??= signing.outcomeOf(event.adId, query, event.receivedAt);
      return facts.signature === verdict && signing.isEnforced;
    })
  );
}
