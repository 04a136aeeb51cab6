/** In bytes: some minutes of load, so that a fault can fill the streams. */
export const STREAM_BYTES = { events: 8_000_000, deadLetters: 2_097_152 };

/** The quota of JetStream, in bytes: little more than two full streams. */
export const STORE_BYTES = 11_000_000;
export const JETSTREAM = { max_file_store: String(STORE_BYTES) };
