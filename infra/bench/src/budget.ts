/** The size of a store that analytics reads. */
export interface StoreSize {
  readonly ads: number;
  /** Clicks of all ads over the last 24 hours. */
  readonly clicks: number;
}

/**
 * How long each part takes, in seconds and rounds. Full: about eighteen minutes on two cores; quick: about four. A case is one
 * measurement of one contender. Each round runs all cases, so that other load on the machine affects all cases.
 */
export interface Budget {
  readonly name: 'full' | 'quick';
  readonly ingest: Cases;
  /** `clicks` is the number of clicks that are queued when the consumer starts. It must be many times two batches. */
  readonly drain: { readonly rounds: number; readonly clicks: number };
  readonly freshness: Cases;
  readonly answers: Cases & { readonly sizes: readonly StoreSize[] };
  /** `ads` have events in each quarter-hour of 90 days. */
  readonly reports: Cases & { readonly ads: number; readonly csvRows: number };
  /** `starts` is the number of times that each service is started. */
  readonly cost: { readonly starts: number; readonly seconds: number };
}

interface Cases {
  readonly rounds: number;
  readonly warmSeconds: number;
  readonly seconds: number;
}

/**
 * The parts take this long on an idle machine with two cores:
 * ingest, 4 contenders warmed up, × 2 numbers of connections × 3 rounds × 4 s, and again at half load: 4 min;
 * batches, 3 sizes of batches warmed up, × 3 rounds × 4 s: 45 s;
 * tags, 3 tags of 2 contenders warmed up, × 3 rounds × 4 s, one of them again at half load: 2 min;
 * rules, 2 processes warmed up, × 6 rounds × 4 s: 1 min;
 * drain, 3 numbers of ads × 2 rounds × (fill, drain by one, fill, drain by two, unnest, COPY: some 15 s): 1 min 30 s;
 * freshness, the throughput of the whole tracker, then 3 loads × 2 rounds × 10 s: 1 min 20 s;
 * answers, 5 stores × (6 cases of 1.5 s warmed up, × 2 rounds, and again at a fixed rate; filling the store): 4 min 30 s;
 * reports, filling the store, 3 CSVs, and 2 rounds of reports that take 3 to 15 s: 2 min 15 s;
 * cost, 3 × 3 starts, loads of 4 s and 2 × 8 s, and the events that they leave in the queue: 1 min.
 */
export const FULL: Budget = {
  name: 'full',
  ingest: { rounds: 3, warmSeconds: 1, seconds: 3 },
  drain: { rounds: 2, clicks: 300_000 },
  freshness: { rounds: 2, warmSeconds: 1, seconds: 8 },
  answers: {
    rounds: 2,
    warmSeconds: 0.5,
    seconds: 1,
    sizes: [
      { ads: 1_000, clicks: 10_000 },
      { ads: 1_000, clicks: 1_000_000 },
      { ads: 1_000, clicks: 10_000_000 },
      { ads: 10, clicks: 1_000_000 },
      { ads: 10_000, clicks: 1_000_000 },
    ],
  },
  reports: { rounds: 2, warmSeconds: 0.5, seconds: 3, ads: 1_000, csvRows: 1_000_000 },
  cost: { starts: 3, seconds: 8 },
};

/**
 * The same parts with fewer rounds: ingest 50 s, batches 20 s, tags 25 s, rules 20 s, drain 25 s, freshness 25 s, answers 45 s,
 * reports 20 s, cost 15 s.
 */
export const QUICK: Budget = {
  name: 'quick',
  ingest: { rounds: 1, warmSeconds: 0.5, seconds: 1.2 },
  drain: { rounds: 1, clicks: 150_000 },
  freshness: { rounds: 1, warmSeconds: 0.5, seconds: 3 },
  answers: {
    rounds: 1,
    warmSeconds: 0.2,
    seconds: 0.7,
    sizes: [
      { ads: 1_000, clicks: 10_000 },
      { ads: 1_000, clicks: 10_000_000 },
    ],
  },
  reports: { rounds: 1, warmSeconds: 0.5, seconds: 2, ads: 100, csvRows: 100_000 },
  cost: { starts: 1, seconds: 3 },
};
