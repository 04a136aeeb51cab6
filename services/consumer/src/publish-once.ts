import type { JetStreamPublishOptions, NatsConnection } from 'nats';

/**
 * Publishes a message whose id JetStream stores once within its duplicate window.
 *
 * @throws when no stream takes it, or JetStream has stored only its id
 */
export async function publishOnce(
  nats: NatsConnection,
  subject: string,
  data: Uint8Array,
  options: Partial<JetStreamPublishOptions> & { readonly msgID: string },
): Promise<void> {
  const { duplicate, seq } = await nats.jetstream().publish(subject, data, options);
  // A leader stores the id before its followers agree, so the first message with this id may have no sequence number yet, and may
  // never get one.
  if (duplicate && seq === 0) throw new Error('JetStream reports a duplicate but has not stored the message; retry');
}
