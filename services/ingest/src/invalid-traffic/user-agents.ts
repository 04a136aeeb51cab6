import { ownText } from '@ads/contract';
import { isbot } from 'isbot';
import { LRUCache } from 'lru-cache';

/**
 * The client that a user agent names: a program of a *viewer*, a *bot*, or a *player*, which isbot takes for a bot. A player
 * fetches pixels and reports events, but nobody clicks on links in it.
 */
export type AgentClass = 'viewer' | 'player' | 'bot';

export interface UserAgentRules {
  /** Texts in lower case. A user agent with one of them is a viewer. */
  readonly include: readonly string[];
  /** Texts in lower case. A user agent with one of them, and none of {@link include}, is a bot. */
  readonly exclude: readonly string[];
}

/** Programs and libraries that play videos. In lower case. */
export const PLAYERS: readonly string[] = [
  'okhttp/',
  'dalvik/',
  'cfnetwork',
  'applecoremedia',
  'exoplayer',
  'roku/',
  'stagefright',
  'vlc/',
  'lavf/',
  'gstreamer',
  'appletv',
  'unityplayer/',
];

/** Characters that are judged. The names of all known programs are within them, and isbot takes at most 30 µs. */
export const JUDGED_CHARACTERS = 512;

/** isbot takes 2 to 15 µs for a user agent, the cache 0.1 µs. It takes at most 4 MB, even if each text is different. */
const CACHED_AGENTS = 10_000;
const CACHED_CHARACTERS = 1_500_000;

/** Returns a function that classifies user agents. Only the first {@link JUDGED_CHARACTERS} characters are read. */
export function userAgentClassifier(rules: UserAgentRules): (userAgent: string) => AgentClass {
  const cache = new LRUCache<string, AgentClass>({
    max: CACHED_AGENTS,
    maxSize: CACHED_CHARACTERS,
    sizeCalculation: (_, userAgent) => userAgent.length,
  });
  return (userAgent) => {
    // A hostile text could fill the cache, and its start would keep the rest of it in memory.
    if (userAgent.length > JUDGED_CHARACTERS) return classOf(userAgent.slice(0, JUDGED_CHARACTERS), rules);
    if (userAgent === '') return 'viewer';
    let found = cache.get(userAgent);
    if (found === undefined) {
      found = classOf(userAgent, rules);
      cache.set(ownText(userAgent), found);
    }
    return found;
  };
}

function classOf(userAgent: string, { include, exclude }: UserAgentRules): AgentClass {
  const text = userAgent.toLowerCase();
  const has = (part: string): boolean => text.includes(part);
  if (include.some(has)) return 'viewer';
  if (exclude.some(has)) return 'bot';
  if (!isbot(userAgent)) return 'viewer';
  return PLAYERS.some(has) ? 'player' : 'bot';
}
