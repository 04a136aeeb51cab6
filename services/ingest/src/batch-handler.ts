import { ApiError, detailsOfItem, invalidFields, invalidRequest, unavailable } from '@ads/contract';
import type { Answer, BatchBody, FastPathHandler, RequestContext } from '@ads/http';
import { type AdEvent, batchedEventReader, EVENT_KINDS } from '@ads/models';
import { httpDate } from '@ads/runtime';
import { type AcceptAllDependencies, acceptEvents, orRefusal } from './accept-event.js';
import { type EventDependencies, eventOf, isoTime, judgedByBody, receiptOf } from './event-handler.js';

/** Bytes of a body that count as one event in the rate limit: more than a usual event has, so that this limits only padding. */
const BYTES_PER_EVENT = 2_048;

/** Maximum number of problems in the error response when no event of the batch is valid. */
const MAX_DETAILS = 100;

export interface BatchDependencies extends EventDependencies, AcceptAllDependencies {
  /** Called for each event that is refused while others of its batch are accepted. */
  readonly onEventRefused: (error: ApiError, sender: Pick<RequestContext, 'clientKey'>) => void;
}

/** The result of one event: its JSON text, or the error. */
type Result = string | ApiError;

/**
 * `POST /api/v1/ads/events`: answers 202 with a result for each event after every accepted one is durable. Invalid events do
 * not affect the others. The header `Date` is the time of the tracker, by which players correct theirs.
 *
 * @throws ApiError 400 if no event is valid, 429, or 503 if no event is known to be durable and sending the batch again may
 * help
 */
export function batchHandler(maxEvents: number, dependencies: BatchDependencies): FastPathHandler {
  return (context, body) => {
    const { value, bytes } = (body ?? { value: undefined, bytes: 0 }) as BatchBody;
    const events = eventsOf(value, maxEvents);
    // The request itself has been counted as one.
    context.charge(Math.max(events.length, Math.ceil(bytes / BYTES_PER_EVENT)) - 1);
    const receipt = receiptOf(context, dependencies);
    const date = httpDate(receipt.now);
    const read = batchedEventReader(receipt);
    const readings = events.map((fields) =>
      orRefusal(() => judgedByBody(eventOf(read(fields), fields), fields, dependencies)),
    );
    return acceptEvents(readings, () => context.clientKey(), acceptedResult, dependencies).then((results) =>
      answerTo(results, date, (error) => dependencies.onEventRefused(error, context)),
    );
  };
}

/** @throws ApiError 400 if the body is not a batch */
function eventsOf(value: unknown, maxEvents: number): readonly unknown[] {
  const events = Array.isArray(value) ? value : (value as { readonly events?: unknown } | undefined)?.events;
  const message = `events must be an array of 1 to ${maxEvents} events`;
  if (!Array.isArray(events) || events.length === 0) throw invalidFields([{ path: 'events', message }]);
  if (events.length > maxEvents) {
    throw invalidRequest(`The batch has ${events.length} events; send at most ${maxEvents} in one request.`, [
      { path: 'events', message },
    ]);
  }
  return events;
}

/** Only the ad id can contain characters that JSON escapes. */
function acceptedResult({ kind, id, adId, occurredAt }: AdEvent): string {
  const { idField } = EVENT_KINDS[kind];
  return `{"status":"accepted","kind":"${kind}","${idField}":"${id}","ad_id":${JSON.stringify(adId)},"timestamp":"${isoTime(occurredAt)}"}`;
}

/** @param date the time of the tracker: the clock of this host, which Node would send, may be wrong */
function answerTo(results: readonly Result[], date: string, onRefused: (error: ApiError) => void): Answer {
  const errors = results.filter((result) => typeof result !== 'string');
  if (errors.length === results.length) throw errorOf(errors, date);
  for (const error of errors) onRefused(error);
  const texts = results.map((result) =>
    typeof result === 'string'
      ? result
      : JSON.stringify({
          status: 'rejected',
          error: result.code,
          message: result.message,
          details: result.details,
        }),
  );
  const accepted = results.length - errors.length;
  return {
    status: 202,
    headers: ['Date', date],
    body: `{"accepted":${accepted},"rejected":${errors.length},"results":[${texts.join()}]}`,
  };
}

/** The error of a batch without an accepted event: 503 if sending it again may help. */
function errorOf(errors: readonly ApiError[], date: string): ApiError {
  const temporary = errors.find(({ status }) => status === 503);
  if (temporary !== undefined) {
    const message = 'No event of the batch is known to be stored; send the batch again.';
    return withItems(unavailable(message, temporary.cause), errors);
  }
  const details = errors.flatMap((error, index) => detailsOfItem(`events.${index}`, error.details));
  const [first] = details;
  const shown = details.length > MAX_DETAILS ? ` The first ${MAX_DETAILS} problems are listed.` : '';
  const message = `No event of the batch is valid, for example: ${first?.path}: ${first?.message}.${shown}`;
  return withItems(invalidRequest(message, details.slice(0, MAX_DETAILS), { Date: date }), errors);
}

function withItems(error: ApiError, items: readonly ApiError[]): ApiError {
  return new ApiError(error.status, error.code, error.message, { ...error, items });
}
