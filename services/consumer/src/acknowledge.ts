import type { BufferedMessage, QueuedMessage } from './message-buffer.js';

/** Acknowledges messages. The queue then deletes them. */
export function ackAll(messages: readonly BufferedMessage[]): void {
  forEachOpen(messages, (message) => message.ack());
}

/** Returns messages to the queue, which delivers them again at once, or after a delay. */
export function nakAll(messages: readonly BufferedMessage[], delayMs?: number): void {
  forEachOpen(messages, (message) => message.nak(delayMs));
}

/** Restarts the ack wait of messages. */
export function extendAckWait(messages: readonly BufferedMessage[]): void {
  forEachOpen(messages, (message) => message.working());
}

/**
 * An acknowledgement over a closed connection throws. JetStream then redelivers the messages after their ack wait, and
 * recording an event twice changes nothing.
 */
function forEachOpen(messages: readonly BufferedMessage[], act: (message: QueuedMessage) => void): void {
  for (const { message } of messages) {
    try {
      act(message);
    } catch {
      return;
    }
  }
}
