import { EVENT_STREAM, LEDGER_CONSUMER } from '@ads/models';
import type { NatsConnection } from 'nats';

/** Two waits for an acknowledgement: whatever there is to be delivered again was, by then. */
const NOTHING_COMES_MS = 12_000;

/** An ack wait, two looks at the queue and some: by then the consumers have read what was passed over. */
const READ_PAST_MS = 18_000;

/**
 * Looks at what the consumers have before them. Not at what the stream holds, and not at the number of deliveries that
 * are open alone: a NATS server that was killed may have forgotten that a message was acknowledged, or that it is gone.
 * The consumers read the former past it; ids in the ledger show whether they did.
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
    const isPassedOver = messages > 0 && first <= info.ack_floor.stream_seq;
    if (isPassedOver && performance.now() - this.#firstSince < READ_PAST_MS) {
      throw new Error(`some of ${messages} messages may have been passed over`);
    }
    if (waiting > 0) throw new Error(`${waiting} messages wait`);
    if (performance.now() - this.#since > NOTHING_COMES_MS) this.#phantoms = open;
    if (open > this.#phantoms) throw new Error(`${open} messages are being worked on`);
    return true;
  }
}
