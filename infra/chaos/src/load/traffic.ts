import {
  AnsweredCounts,
  type Journal,
  type Players,
  type Random,
  type Report,
  startPlayers,
  startViewers,
  type Viewers,
} from '@ads/harness';
import { AD_IDS } from '../stack/chaos-stack.js';
import { newReport } from './reports.js';

/** With their pauses, players send about a report a second each. */
const PLAYERS = {
  count: 60,
  longestPauseMs: 450,
  retryMs: 250,
  giveUpMs: 60_000,
  sentAgain: 0.2,
};
const VIEWERS = { count: 3, pauseMs: 80, lists: 0.1 };

/** The state of the load, over all rounds. */
export class Traffic {
  /** Reports of earlier rounds, to be sent again in later ones. */
  readonly #kept: Report[] = [];
  readonly answered = new AnsweredCounts();
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Starts the players of a round. */
  startPlayers(url: string, random: Random): Players {
    return startPlayers({
      ...PLAYERS,
      url: () => url,
      journal: this.#journal,
      random,
      kept: this.#kept,
      newReport: () => newReport(random, AD_IDS, Date.now()),
    });
  }

  /** Starts the readers of analytics of a round. */
  startViewers(url: string, random: Random): Viewers {
    return startViewers({ ...VIEWERS, url, random, journal: this.#journal, answered: this.answered, adIds: AD_IDS });
  }
}
