/** Clicks in some seconds of the video. */
export interface Bin {
  /** First second. */
  readonly from: number;
  /** Not included. */
  readonly to: number;
  readonly clicks: number;
}

const MOST_BINS = 60;

/** Puts the seconds of a video into at most 60 bins of equal length, from the start to the last click. */
export function binsOf(seconds: readonly { readonly second: number; readonly clicks: number }[]): readonly Bin[] {
  const end = Math.max(0, ...seconds.map(({ second }) => second + 1));
  const size = Math.max(1, Math.ceil(end / MOST_BINS));
  const clicks = new Array<number>(Math.ceil(end / size)).fill(0);
  for (const { second, clicks: count } of seconds) {
    const at = Math.floor(second / size);
    clicks[at] = (clicks[at] ?? 0) + count;
  }
  return clicks.map((count, at) => ({ from: at * size, to: (at + 1) * size, clicks: count }));
}
