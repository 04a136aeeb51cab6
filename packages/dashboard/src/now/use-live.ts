import { useEffect, useState } from 'preact/hooks';
import { apiKey } from '../api/key.js';
import { followLive } from '../api/live.js';
import type { ApiProblem } from '../api/problem.js';
import { link, liveTrouble } from '../shell/connection.js';
import { interrupt, NOTHING_WATCHED, type Second, secondsUntil, type Watched, watch } from './seconds.js';

export interface Live {
  readonly watched: Watched;
  /** The seconds until now, as far as they are known. */
  readonly seconds: readonly Second[];
  /** Why there is no stream. */
  readonly problem: ApiProblem | undefined;
}

const SECOND_MS = 1_000;
/** A state arrives half a second after the end of the second that it counts. This leaves another second for a slow network. */
const SLACK_MS = 1_500;

/** Follows all ads while the view is open, and moves on every second. */
export function useLive(): Live {
  const [watched, setWatched] = useState<Watched>(NOTHING_WATCHED);
  const [problem, setProblem] = useState<ApiProblem>();
  const [now, setNow] = useState<number>();
  const key = apiKey.value;

  useEffect(() => {
    /** The server's time minus that of the monotonic clock: the clock of this device may be wrong. */
    let offset: number | undefined;
    const stop = followLive([], {
      onState(state) {
        offset = Date.parse(state.time) - performance.now();
        liveTrouble.value = undefined;
        setWatched((before) => watch(before, state));
      },
      onLink(state, why) {
        link.value = state;
        setProblem(state === 'refused' ? why : undefined);
        if (state === 'live') return;
        offset = undefined;
        liveTrouble.value = undefined;
        setWatched(interrupt);
      },
      onUnavailable(message) {
        liveTrouble.value = message;
      },
    });
    const ticks = setInterval(() => {
      if (!document.hidden) setNow(offset === undefined ? undefined : performance.now() + offset);
    }, SECOND_MS);
    return () => {
      stop();
      clearInterval(ticks);
      link.value = undefined;
      liveTrouble.value = undefined;
    };
  }, [key]);

  const seconds = now === undefined ? watched.seconds : secondsUntil(watched, Math.floor((now - SLACK_MS) / 1_000));
  return { watched, seconds, problem };
}
