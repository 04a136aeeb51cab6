import { AckInbox, isNatsTimeout, type Nats } from '@ads/connections';
import { type AdEvent, EVENT_SUBJECT, encodeEvents } from '@ads/models';
import { currentSpan, DependencyUnavailable, inSpan, type SpanOptions } from '@ads/runtime';

/**
 * Publishes each batch to JetStream as one message, and waits for the acknowledgement. A retried message may be stored twice;
 * its events count once because of their ids. Messages have no `Nats-Msg-Id`: the leader of a replicated stream remembers
 * the id when it proposes a message, and acknowledges a retry as a duplicate even if the proposal failed. A message with events of
 * sampled requests has the header `traceparent`.
 *
 * @param timeoutMs how long to wait for one acknowledgement
 * @param onPublish called after each attempt
 */
export function createPublisher(run: Nats['run'], timeoutMs: number, onPublish: (status: 'ok' | 'error') => void) {
  let inbox: AckInbox | undefined;
  const publish = async (events: readonly AdEvent[]): Promise<void> => {
    const message = encodeEvents(events);
    const traceparent = currentSpan()?.traceparent;
    try {
      await run((connection) => {
        if (!inbox?.serves(connection)) inbox = new AckInbox(connection, EVENT_SUBJECT);
        return inbox.publish(message, timeoutMs, traceparent);
      }, 'publish');
      onPublish('ok');
    } catch (error) {
      onPublish('error');
      throw error;
    }
  };
  return (events: readonly AdEvent[]): Promise<void> => inSpan(`publish ${EVENT_SUBJECT}`, SPAN, () => publish(events));
}

const SPAN: SpanOptions = {
  kind: 'producer',
  attributes: {
    'messaging.system': 'nats',
    'messaging.operation.type': 'send',
    'messaging.destination.name': EVENT_SUBJECT,
  },
};

/** True if JetStream did not answer within the timeout. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof DependencyUnavailable && isNatsTimeout(error.cause);
}
