import { type ChildProcess, spawn } from 'node:child_process';
import { expect, test } from '@jest/globals';

const MODULE = new URL('../dist/launcher/stop-signals.js', import.meta.url).href;

/** A command that takes as long to stop as its standard input is open. */
function startCommand(patienceMs: number): ChildProcess {
  const code = `
    import { onStopSignals } from '${MODULE}';
    onStopSignals({
      patienceMs: ${patienceMs},
      async stop(why) {
        console.log('stopping', why);
        process.stdin.resume().once('end', () => process.exit(0));
      },
      async kill() {
        process.exit(1);
      },
    });
    setInterval(() => {}, 1_000);
    console.log('up');`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** Calls `react` with all that was printed so far, after each piece; the output and the exit code at the end. */
async function follow(
  child: ChildProcess,
  react: (text: string) => void,
): Promise<{ out: string; code: number | null }> {
  let out = '';
  child.stdout?.on('data', (part) => {
    out += part;
    react(out);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { out, code };
}

/** Runs each action once, when its text has appeared. */
function when(...steps: readonly (readonly [text: string, action: () => void])[]): (text: string) => void {
  const left = [...steps];
  return (text) => {
    for (let next = left[0]; next !== undefined && text.includes(next[0]); next = left[0]) {
      left.shift();
      next[1]();
    }
  };
}

test('one Ctrl-C that arrives again and again stops in order', async () => {
  const child = startCommand(600_000);
  const { out, code } = await follow(
    child,
    when(
      ['up', () => child.kill('SIGINT')],
      [
        'stopping',
        () => {
          // As npm passes it on, on a machine that is too busy to do so soon.
          setTimeout(() => child.kill('SIGINT'), 1_500);
          setTimeout(() => child.kill('SIGTERM'), 1_600);
          setTimeout(() => child.stdin?.end(), 1_700);
        },
      ],
    ),
  );
  expect(out).toBe('up\nstopping SIGINT\n');
  expect(code).toBe(0);
});

test('a second Ctrl-C ends everything at once when it was asked for', async () => {
  const child = startCommand(50);
  const { out, code } = await follow(
    child,
    when(['up', () => child.kill('SIGINT')], ['Press Ctrl-C again', () => child.kill('SIGINT')]),
  );
  expect(out).toMatch(/stopping SIGINT\nStill stopping\..*\nEnding everything at once\.\n$/);
  expect(code).toBe(1);
});
