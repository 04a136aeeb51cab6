/** Runs one piece of work at a time, in the order of the calls. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * @param mostWaiting maximum number of calls that wait
 * @param refusal thrown when that many wait already
 */
export function createTurns(mostWaiting: number, refusal: () => Error): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async (work) => {
    if (waiting >= mostWaiting) throw refusal();
    waiting += 1;
    const turn = last.then(work).finally(() => {
      waiting -= 1;
    });
    last = turn.catch(() => undefined);
    return await turn;
  };
}
