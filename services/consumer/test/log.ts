import type { LogFields, ProcessLogger } from '@ads/runtime';

/** A logger that keeps its lines. */
export function captureLog() {
  const lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      lines.push({ level, message, fields });
    };
  const logger: ProcessLogger = {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    close: async () => undefined,
  };
  return { logger, lines, events: () => lines.map(({ level, fields }) => `${level} ${fields.event}`) };
}
