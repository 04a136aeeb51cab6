/**
 * The reason of an error in one line. The message of a JetStream refusal is a number, so its reason comes from `api_error`. An
 * error of Node without a message, such as a connect that failed at several addresses, gives its code.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, api_error: api } = error as { code?: unknown; api_error?: { description?: string } };
  return api?.description || error.message || String(code ?? error.name);
}
