const PARTS = { firstQuartile: 0.25, midpoint: 0.5, thirdQuartile: 0.75 };
/** A faster rate than this is not normal speed. Players that follow a live stream vary it by a few percent. */
const FASTEST_RATE = 1.1;
/** Seconds between two measurements at most, and the part at the beginning that may be missed. */
const STEP = 0.5;

/**
 * Returns a function that measures the video, and reports what it has reached: `impression` and `start` when the position has
 * advanced by playing, the quartiles and `complete` when the video was played without a gap from its beginning at normal speed.
 * A seek forward and faster playback make a gap, which the viewer fills by going back.
 *
 * @param report may be called repeatedly with the same kind
 */
export function measureProgress(video: HTMLVideoElement, report: (kind: string) => void): () => void {
  /** The position at the last measurement, in seconds. */
  let last = video.currentTime;
  /** The end of the gapless part from the beginning. */
  let reached = last < STEP ? last : 0;
  return () => {
    const { currentTime, duration, ended, loop } = video;
    if (!video.seeking && currentTime > last) {
      report('impression');
      report('start');
      if (last <= reached && video.playbackRate <= FASTEST_RATE) reached = Math.max(reached, currentTime);
    }
    last = currentTime;
    // An unknown duration is NaN, and every comparison with NaN is false.
    for (const [kind, part] of Object.entries(PARTS)) if (reached >= part * duration) report(kind);
    // A looping video goes back to the beginning, and `ended` is never true.
    if (reached >= duration - (ended || loop ? STEP : 0)) report('complete');
  };
}
