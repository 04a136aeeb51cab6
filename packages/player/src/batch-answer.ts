/** The result of one event. */
export interface Result {
  readonly status: string;
  readonly error?: string;
}

/** The parts of the answers to a batch that this code reads. An answer of another form lacks them. */
export interface BatchAnswer {
  /** With 202: a result for each event. */
  readonly results: readonly Result[];
  /** With 400: the path is `events` if there are too many events, and `events.3.kind` if none of them is valid. */
  readonly details: readonly { readonly path: string }[];
}

/**
 * Returns the result of each event; undefined if fewer events may be sent at a time.
 *
 * @throws if the answer judges no event: then all of them must be sent again
 */
export function resultsOf(
  status: number,
  { results, details }: BatchAnswer,
  events: readonly unknown[],
): readonly Result[] | undefined {
  if (status === 202 && results.length === events.length) return results;
  const isTooLarge = status === 413 || (status === 400 && details.some(({ path }) => path === 'events'));
  if (isTooLarge && events.length > 1) return undefined;
  if (isTooLarge || (status === 400 && details.length > 0)) return events.map(() => ({ status: 'rejected' }));
  throw status;
}
