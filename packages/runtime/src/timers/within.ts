/**
 * Waits for `work`, but at most `ms`. Work that takes longer continues, and its result is dropped.
 *
 * @param onTimeout returns what to resolve to after `ms`, or throws
 * @returns the result of `work`, or that of `onTimeout`
 * @throws the error of `work` or of `onTimeout`; by default an Error after `ms`
 */
export async function within<T, L = never>(
  ms: number,
  work: Promise<T>,
  onTimeout: () => L | Promise<L> = () => {
    throw new Error(`not done after ${ms} ms`);
  },
): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    return await Promise.race([work, limit.then(onTimeout)]);
  } finally {
    clearTimeout(timer);
  }
}
