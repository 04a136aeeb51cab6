// Prints the progress of a command. It is used before the build too, so it is plain JavaScript and uses only modules of
// Node; terminal.d.mts has its types.

import { stripVTControlCharacters, styleText } from 'node:util';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** Columns after the label: symbol, time, note. */
const REST_WIDTH = 34;
const LABEL_WIDTHS = [18, 36];

/** Values of `CI` that mean no CI. */
const UNSET = /^(?:0|false|)$/i;

/**
 * Progress on one stream. On a terminal, a line with a spinner per running step is redrawn below all other output, which
 * stays above it: while a line is drawn, every write to stdout and stderr passes through here. Elsewhere, and in CI, each
 * step is one line at its end.
 */
export function openTerminal(stream, { environment = process.env, keepSteps = true } = {}) {
  const isLive = stream.isTTY === true && environment.TERM !== 'dumb' && UNSET.test(environment.CI ?? '');
  const hasColors = stream.isTTY === true && stream.hasColors?.(environment) === true;
  const paint = (format, text) => (hasColors ? styleText(format, text, { validateStream: false }) : text);
  const steps = new Set();
  let status;
  let frame = 0;
  let drawn = 0;
  let timer;
  /** The original `write` of each stream that is hooked. */
  let hooked = [];

  const columns = () => stream.columns || 80;
  const labelWidth = () => Math.min(Math.max(columns() - REST_WIDTH, LABEL_WIDTHS[0]), LABEL_WIDTHS[1]);
  const write = (text) => (hooked.find(({ one }) => one === stream)?.original ?? stream.write.bind(stream))(text);

  const stepLine = (symbol, { label, since, note }) => {
    const time = `${((performance.now() - since) / 1_000).toFixed(1)} s`.padStart(7);
    const line = `${symbol} ${label.padEnd(labelWidth())} ${paint('dim', time)}`;
    const room = isLive ? columns() - stripVTControlCharacters(line).length - 3 : note.length;
    return note === '' || room < 1 ? line : `${line}  ${paint('dim', cut(note, room))}`;
  };
  /** Removes the drawn lines, prints `text` in their place, and draws again: in one write, so that nothing flickers. */
  const render = (text = '') => {
    const before = drawn > 0 ? `\x1b[${drawn}A\x1b[J` : '';
    const spinner = paint('cyan', FRAMES[frame % FRAMES.length]);
    const lines = isLive ? [...steps].map((step) => stepLine(spinner, step)) : [];
    if (status !== undefined) lines.push(status);
    drawn = lines.length;
    const shown = lines.map((line) => `${cut(line, columns() - 1)}\n`).join('');
    if (before + text + shown !== '') write(before + text + shown);
  };

  const hook = () => {
    hooked = [process.stdout, process.stderr, stream]
      .filter((one, index, all) => one.isTTY && all.indexOf(one) === index)
      .map((one) => {
        const original = one.write.bind(one);
        one.write = (...args) => {
          if (drawn > 0) write(`\x1b[${drawn}A\x1b[J`);
          drawn = 0;
          const result = original(...args);
          render(String(args[0]).endsWith('\n') ? '' : '\n');
          return result;
        };
        return { one, original };
      });
  };
  const unhook = () => {
    for (const { one } of hooked) delete one.write;
    hooked = [];
  };
  /** Starts or ends the redrawing. */
  const settle = () => {
    const wanted = isLive && (steps.size > 0 || status !== undefined);
    if (wanted && timer === undefined) {
      hook();
      timer = setInterval(() => {
        frame += 1;
        if (steps.size > 0) render();
      }, FRAME_MS);
      timer.unref();
    } else if (!wanted && timer !== undefined) {
      clearInterval(timer);
      timer = undefined;
      unhook();
    }
  };
  const printLine = (line) => {
    render(`${line}\n`);
    settle();
  };
  const symbolOf = (good) => (good ? paint('green', '✔') : paint('red', '✖'));

  return {
    isLive,
    paint,
    columns,
    print: printLine,
    printStep: (good, label, since, note = '') => printLine(stepLine(symbolOf(good), { label, since, note })),
    begin(label) {
      const step = { label, since: performance.now(), note: '' };
      steps.add(step);
      render();
      settle();
      return {
        note(text) {
          step.note = text;
        },
        end(good, note = step.note) {
          if (!steps.delete(step)) return;
          render(keepSteps || !isLive || !good ? `${stepLine(symbolOf(good), { ...step, note })}\n` : '');
          settle();
        },
      };
    },
    status(text) {
      if (!isLive || text === status) return;
      status = text;
      render();
      settle();
    },
  };
}

/** Shortens a line to a number of columns. A shortened line loses its colours. */
function cut(line, width) {
  const plain = stripVTControlCharacters(line);
  return plain.length <= width ? line : `${plain.slice(0, Math.max(width - 1, 0))}…`;
}
