/** Listens on the public address. Without effect if that is not possible. */
export function openStartingPage(): void;

/** Stops listening, so that the gateway can. Without effect if the page is not open. */
export function closeStartingPage(): Promise<void>;
