import { type ChildProcess, spawn } from 'node:child_process';
import { expect, test } from '@jest/globals';

const MODULE = new URL('../dist/launcher/stop-signals.js', import.meta.url).href;

/** A command whose stop lasts until its standard input closes. */
function startCommand(killPromptMs: number): ChildProcess {
  const code = `
    import { onStopSignals } from '${MODULE}';
    onStopSignals({
      killPromptMs: ${killPromptMs},
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

/** Calls `react` with the whole output after each piece. Returns the output and the exit code. */
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

/** Runs each action once, when its text appears. */
function when(...steps: readonly (readonly [text: string, action: () => void])[]): (text: string) => void {
  const left = [...steps];
  return (text) => {
    for (let next = left[0]; next !== undefined && text.includes(next[0]); next = left[0]) {
      left.shift();
      next[1]();
    }
  };
}

test('signals of one Ctrl-C that arrive repeatedly cause one orderly stop', async () => {
  const child = startCommand(600_000);
  const { out, code } = await follow(
    child,
    when(
      ['up', () => child.kill('SIGINT')],
      [
        'stopping',
        () => {
          // npm forwards the signal, with a delay on a busy machine.
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

test('a second Ctrl-C after the prompt ends all processes at once', async () => {
  const child = startCommand(50);
  const { out, code } = await follow(
    child,
    when(['up', () => child.kill('SIGINT')], ['Press Ctrl-C again', () => child.kill('SIGINT')]),
  );
  expect(out).toMatch(/stopping SIGINT\nStill stopping\..*\nKilling all processes\.\n$/);
  expect(code).toBe(1);
});
