import { styleText } from 'node:util';

const COLOURS: Readonly<Record<string, 'red' | 'yellow' | 'green' | 'gray'>> = {
  error: 'red',
  warn: 'yellow',
  info: 'green',
  debug: 'gray',
};

/**
 * A log line for people: local time, level, service and message, then the other fields. The stack of an error follows on lines of
 * its own.
 *
 * @param line the fields of a JSON log line
 * @param hasColours true for a terminal that shows colours
 */
export function prettyLine(line: Readonly<Record<string, unknown>>, hasColours: boolean): string {
  const { timestamp, level, service, message, ...fields } = line;
  const paint = (format: Parameters<typeof styleText>[0], text: string) =>
    hasColours ? styleText(format, text, { validateStream: false }) : text;
  const name = String(level);
  const stacks: string[] = [];
  const rest = Object.entries(fields).map(([key, value]) => {
    if (!isError(value)) return `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
    stacks.push(value.stack);
    return `${key}=${value.message}`;
  });
  const head = `${localTime(String(timestamp))} ${paint(COLOURS[name] ?? 'gray', name.toUpperCase().padEnd(5))} ${String(service).padEnd(9)}`;
  const tail = rest.length === 0 ? '' : `  ${paint('gray', rest.join(' '))}`;
  return [`${head} ${message}${tail}`, ...stacks.map((stack) => stack.replaceAll(/^/gm, '    '))].join('\n');
}

/** A described error: see describeError. */
function isError(value: unknown): value is { message: string; stack: string } {
  return typeof value === 'object' && value !== null && 'stack' in value && typeof value.stack === 'string';
}

function localTime(timestamp: string): string {
  const at = new Date(timestamp);
  return `${at.toTimeString().slice(0, 8)}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}
