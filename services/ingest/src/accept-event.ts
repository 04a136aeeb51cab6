import { ApiError, unavailable, unknownAd } from '@ads/contract';
import type { AdCatalogue } from '@ads/ledger';
import type { AdEvent } from '@ads/models';
import { Refused } from './group-commit.js';
import type { StoreResult } from './store-batch.js';
import type { UnverifiedEvents } from './unverified-events.js';

export interface AcceptDependencies {
  readonly catalogue: Pick<AdCatalogue, 'has' | 'find'>;
  readonly unverified: UnverifiedEvents;
  /** Resolves with the result of the event. Rejects if the event was not processed. */
  readonly store: (event: AdEvent) => Promise<StoreResult>;
  /** Called for each durable event. */
  readonly onAccepted: (event: AdEvent) => void;
  /** The status of the error for an unknown ad; 400 by default. */
  readonly unknownAdStatus?: 400 | 404;
}

/**
 * Makes an event of an existing ad durable.
 *
 * @param clientKey the key of the client, which is read if the ad must be looked up
 * @param answer returns the answer to a durable event
 * @throws ApiError for an unknown ad, 503 if the event is not durable
 */
export function acceptEvent<T>(
  event: AdEvent,
  clientKey: () => string,
  answer: (event: AdEvent) => T,
  dependencies: AcceptDependencies,
): Promise<T> {
  return dependencies.catalogue.has(event.adId)
    ? storeEvent(event, answer, dependencies)
    : acceptUnlisted(event, clientKey(), answer, dependencies);
}

/** Stores several events, and resolves with the result or the error of each, in order. */
type StoreAll = (events: readonly AdEvent[]) => Promise<readonly PromiseSettledResult<StoreResult>[]>;

export interface AcceptAllDependencies extends AcceptDependencies {
  readonly storeAll: StoreAll;
}

/** An event, or the error with which it was refused. */
type Reading = AdEvent | ApiError;

/**
 * Makes events of existing ads durable, as {@link acceptEvent} does for one. An event takes a quarter of the time that it takes
 * alone, because its promises cost more than its validation.
 *
 * @returns the answer or the error of each, in order
 */
export async function acceptEvents<T>(
  readings: readonly Reading[],
  clientKey: () => string,
  answer: (event: AdEvent) => T,
  dependencies: AcceptAllDependencies,
): Promise<readonly (T | ApiError)[]> {
  const answers = new Array<T | ApiError>(readings.length);
  const listed: AdEvent[] = [];
  const places: number[] = [];
  const unlisted: Promise<void>[] = [];
  for (const [place, reading] of readings.entries()) {
    if (reading instanceof ApiError) answers[place] = reading;
    else if (dependencies.catalogue.has(reading.adId)) {
      listed.push(reading);
      places.push(place);
    } else {
      unlisted.push(
        acceptUnlisted(reading, clientKey(), answer, dependencies)
          .catch(refusal)
          .then((result) => {
            answers[place] = result;
          }),
      );
    }
  }
  const results = await dependencies.storeAll(listed);
  for (const [index, result] of results.entries()) {
    const event = listed[index] as AdEvent;
    answers[places[index] as number] = orRefusal(() => answerTo(event, storeResultOf(result), answer, dependencies));
  }
  await Promise.all(unlisted);
  return answers;
}

function storeResultOf(settled: PromiseSettledResult<StoreResult>): StoreResult {
  return settled.status === 'fulfilled' ? settled.value : { state: 'unavailable', cause: settled.reason };
}

/** @throws any error that is not an ApiError */
export function orRefusal<T>(work: () => T): T | ApiError {
  try {
    return work();
  } catch (error) {
    return refusal(error);
  }
}

function refusal(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  throw error;
}

function storeEvent<T>(event: AdEvent, answer: (event: AdEvent) => T, dependencies: AcceptDependencies): Promise<T> {
  return dependencies.store(event).then(
    (result) => answerTo(event, result, answer, dependencies),
    (cause: unknown) => answerTo(event, { state: 'unavailable', cause }, answer, dependencies),
  );
}

/**
 * Looks up an ad that is not in memory. If the catalogue is unavailable, a limited number of events is accepted unverified;
 * the consumer dead-letters those whose ad does not exist.
 */
async function acceptUnlisted<T>(
  event: AdEvent,
  client: string,
  answer: (event: AdEvent) => T,
  dependencies: AcceptDependencies,
): Promise<T> {
  const { catalogue, unverified, unknownAdStatus = 400 } = dependencies;
  const listing = await catalogue.find(event.adId, client);
  if (listing === 'unknown') throw unknownAd(event.adId, unknownAdStatus);
  if (listing === 'busy') throw unavailable('Too many unknown ads are being looked up; send the event again.');
  if (listing === 'unverified' && !unverified.allow()) {
    throw unavailable(
      'The ad cannot be looked up because the catalogue is unavailable; send the event again.',
      undefined,
      unverified.retryAfter(),
    );
  }
  return await storeEvent(event, answer, dependencies);
}

function answerTo<T>(
  event: AdEvent,
  result: StoreResult,
  answer: (event: AdEvent) => T,
  { onAccepted, unknownAdStatus = 400 }: AcceptDependencies,
): T {
  if (result.state === 'unknown ad') throw unknownAd(event.adId, unknownAdStatus);
  if (result.state === 'unavailable') {
    if (result.cause instanceof Refused) throw unavailable('Too many events wait to be stored; send the event again.');
    throw unavailable('Neither NATS nor Postgres could store the event; send it again.', result.cause);
  }
  onAccepted(event);
  return answer(event);
}
