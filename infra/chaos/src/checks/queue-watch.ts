import { EVENT_STREAM, LEDGER_CONSUMER } from '@ads/models';
import type { NatsConnection } from 'nats';

/** Two waits for an acknowledgement: whatever there is to be delivered again was, by then. */
const NOTHING_COMES_MS = 12_000;

/**
 * An ack wait, two looks at the queue and some: by then a message has been delivered again, or the consumers have read what
 * was passed over.
 */
const READ_PAST_MS = 18_000;

/**
 * Looks at what the consumers have before them, and at what the stream holds, and believes neither at once. A NATS server
 * that was killed may have forgotten that a message was acknowledged, or that it is gone: then it stays in the stream, or
 * its delivery stays open, for good. One that has just become the leader may say that no delivery is open where some are:
 * these come again after an ack wait. Ids in the ledger show whether all of it was recorded.
 */
export class QueueWatch {
  /** Open deliveries of messages that are gone, as far as is known. */
  #phantoms = 0;
  #open = 0;
  #deliveries = -1;
  #since = 0;
  #first = 0;
  #firstSince = 0;

  /** Resolves when nothing is on its way. @throws Error that says what is */
  async isDrained(nats: NatsConnection): Promise<boolean> {
    const manager = await nats.jetstreamManager();
    const info = await manager.consumers.info(EVENT_STREAM, LEDGER_CONSUMER);
    const { num_pending: waiting, num_ack_pending: open, delivered } = info;
    // Fewer than before: the consumer was made anew, and has forgotten all of it.
    if (delivered.consumer_seq < this.#deliveries) this.#phantoms = 0;
    if (open !== this.#open || delivered.consumer_seq !== this.#deliveries) {
      this.#open = open;
      this.#deliveries = delivered.consumer_seq;
      this.#since = performance.now();
    }
    const { first_seq: first, messages } = (await manager.streams.info(EVENT_STREAM)).state;
    if (first !== this.#first) {
      this.#first = first;
      this.#firstSince = performance.now();
    }
    if (messages > 0 && performance.now() - this.#firstSince < READ_PAST_MS) {
      throw new Error(`${messages} messages are not acknowledged`);
    }
    if (waiting > 0) throw new Error(`${waiting} messages wait`);
    if (performance.now() - this.#since > NOTHING_COMES_MS) this.#phantoms = open;
    if (open > this.#phantoms) throw new Error(`${open} messages are being worked on`);
    return true;
  }
}
