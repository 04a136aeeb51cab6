import { EVENT_SUBJECT, LEDGER_CONSUMER } from '@ads/models';
import { endAfter, type Span, type Tracing } from '@ads/runtime';
import type { BufferedMessage, QueuedMessage } from './message-buffer.js';

/** Continues the traces of messages. */
export interface MessageTraces {
  /** Begins the span of a message with a sampled request. It ends when the message is recorded. */
  received(message: QueuedMessage): void;
  /** Calls `record` in the span of the transaction, if any message has a span. */
  ofBatch<T>(messages: readonly BufferedMessage[], record: () => Promise<T>): Promise<T>;
}

/**
 * A transaction records many messages, and has one span: below the span of its first message with one, with links to the spans of
 * the other messages.
 */
export function traceMessages(tracing: Tracing): MessageTraces {
  const spans = new WeakMap<QueuedMessage, Span>();
  return {
    received(message) {
      const span = tracing.continueTrace(`process ${EVENT_SUBJECT}`, message.headers?.get('traceparent'), {
        kind: 'consumer',
        attributes: {
          'messaging.system': 'nats',
          'messaging.operation.type': 'process',
          'messaging.destination.name': EVENT_SUBJECT,
          'messaging.consumer.group.name': LEDGER_CONSUMER,
          'messaging.message.body.size': message.data.length,
          'ads.stream_sequence': message.info.streamSequence,
          'ads.delivery_count': message.info.deliveryCount,
        },
      });
      if (span !== undefined) spans.set(message, span);
    },
    async ofBatch(messages, record) {
      const open = messages.flatMap(({ message }) => spans.get(message) ?? []);
      const [first, ...others] = open;
      if (first === undefined) return record();
      const attributes = { 'messaging.batch.message_count': messages.length };
      // After a failure the messages are recorded again, and their spans stay open.
      const result = await endAfter(first.begin('record events', { attributes, links: others }), record);
      for (const span of open) span.end();
      return result;
    },
  };
}
