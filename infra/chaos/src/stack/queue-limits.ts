/** Bytes. The streams hold some minutes of what the players send, so they can be filled. */
export const STREAM_BYTES = { events: 8_000_000, deadLetters: 2_097_152 };

/** JetStream has little more room than the streams: a quota, which full streams use up almost wholly. */
export const STORE_BYTES = 11_000_000;
export const JETSTREAM = { max_file_store: String(STORE_BYTES) };
