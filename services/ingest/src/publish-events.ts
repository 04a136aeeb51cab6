import { AckInbox, isNatsTimeout, type Nats } from '@ads/connections';
import { type AdEvent, EVENT_SUBJECT, encodeEvents } from '@ads/models';
import { DependencyUnavailable } from '@ads/runtime';

/**
 * Publishes batches to JetStream, one message each, and waits for the acknowledgement. What is tried again may be there
 * twice, and the ids of its events see to it that it counts once. It must not bear a `Nats-Msg-Id`: the leader of a
 * replicated stream notes that when it proposes a message, and acknowledges the next one as its repetition even where the
 * proposal comes to nothing.
 *
 * @param timeoutMs how long to wait for one acknowledgement
 * @param onPublish told of each batch
 */
export function createPublisher(run: Nats['run'], timeoutMs: number, onPublish: (status: 'ok' | 'error') => void) {
  let inbox: AckInbox | undefined;
  return async (events: readonly AdEvent[]): Promise<void> => {
    const message = encodeEvents(events);
    try {
      await run((connection) => {
        if (!inbox?.serves(connection)) inbox = new AckInbox(connection, EVENT_SUBJECT);
        return inbox.publish(message, timeoutMs);
      }, 'publish');
      onPublish('ok');
    } catch (error) {
      onPublish('error');
      throw error;
    }
  };
}

/** True for a batch that JetStream left without an answer for all the time there was. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof DependencyUnavailable && isNatsTimeout(error.cause);
}
