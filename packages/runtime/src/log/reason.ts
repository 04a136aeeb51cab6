/**
 * The server's own words. JetStream's refusals have them beside the message, which is a number; several addresses that
 * refused are one error of Node's without any.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, api_error: api } = error as { code?: unknown; api_error?: { description?: string } };
  return api?.description || error.message || String(code ?? error.name);
}
