import type { AdminClients } from '@ads/harness';
import { EVENT_STREAM, LEDGER_CONSUMER } from '@ads/models';

/** Two ack waits. Within this time JetStream has redelivered every message. */
const NOTHING_COMES_MS = 12_000;

/** An ack wait and two checks of the queue. Within this time a message is redelivered or recovered by the consumers. */
const RECOVERED_MS = 18_000;

/**
 * Decides whether the queue is empty. The state of the consumer and of the stream is trusted only after 12 or 18 s. A killed
 * NATS server may have lost acknowledgements or deletions, so messages or open deliveries may stay forever. A new leader may
 * report open deliveries only after an ack wait. The comparison of ids with the ledger shows whether every event was recorded.
 */
export class QueueWatch {
  /** The number of open deliveries of messages that no longer exist. */
  #phantoms = 0;
  #open = 0;
  #deliveries = -1;
  #since = 0;
  #first = 0;
  #firstSince = 0;

  /** True if the queue is empty. @throws Error with the number of remaining messages */
  async isDrained({ jetstream }: AdminClients): Promise<boolean> {
    const info = await jetstream.consumers.info(EVENT_STREAM, LEDGER_CONSUMER);
    const { num_pending: waiting, num_ack_pending: open, delivered } = info;
    // A lower sequence number means that the consumer was created again.
    if (delivered.consumer_seq < this.#deliveries) this.#phantoms = 0;
    if (open !== this.#open || delivered.consumer_seq !== this.#deliveries) {
      this.#open = open;
      this.#deliveries = delivered.consumer_seq;
      this.#since = performance.now();
    }
    const { first_seq: first, messages } = (await jetstream.streams.info(EVENT_STREAM)).state;
    if (first !== this.#first) {
      this.#first = first;
      this.#firstSince = performance.now();
    }
    if (messages > 0 && performance.now() - this.#firstSince < RECOVERED_MS) {
      throw new Error(`${messages} messages are stored but not acknowledged`);
    }
    if (waiting > 0) throw new Error(`${waiting} messages wait for delivery`);
    if (performance.now() - this.#since > NOTHING_COMES_MS) this.#phantoms = open;
    if (open > this.#phantoms) throw new Error(`${open} messages are delivered but not acknowledged`);
    return true;
  }
}
