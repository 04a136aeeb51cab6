import { setTimeout as sleep } from 'node:timers/promises';
import { onceAncestorIsGone } from './launcher/ancestors.js';
import { lockLauncher } from './launcher/lock.js';
import { readSettings, type Settings } from './launcher/settings.js';
import { Stack, Stopped } from './launcher/stack.js';
import { summaryText } from './launcher/summary.js';
import { endLeftovers } from './processes/leftovers.js';

// npm passes Ctrl-C on to us although the terminal has sent it to us as well: one keystroke, two
// signals. Only a later one is a second keystroke.
const SAME_KEYSTROKE_MS = 1_000;

/** `npm start`: runs the whole tracker on this machine until it is told to stop. */
async function main(): Promise<void> {
  // When the terminal has gone there is nobody left to read, which must not stop the clean-up.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);

  const settings = readSettings(process.argv.slice(3), process.env);
  const unlock = await lockLauncher();
  const leftovers = await endLeftovers();
  if (leftovers.length > 0) {
    console.log(`Ended what a killed run had left: ${leftovers.join(', ')}`);
  }
  const stack = new Stack(settings);
  const started = listen(stack, settings).then(() => stack.start());
  stopOnSignals(stack, started, unlock);
  try {
    console.log(summaryText(await started));
  } catch (error) {
    // Told to stop while starting: the one who stops it also ends the process.
    if (stack.isStopping || error instanceof Stopped) return;
    console.error(`\n${(error as Error).message}`);
    await stack.stop();
    unlock();
    process.exit(1);
  }
}

async function listen(stack: Stack, { host, port }: Settings): Promise<void> {
  try {
    await stack.listen();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new Error(
        `Port ${port} is taken by another program. Set HTTP_PORT to a free one, as in: HTTP_PORT=${port + 1} npm start`,
      );
    }
    if (code === 'EACCES') {
      throw new Error(`Port ${port} is not allowed to this user. Set HTTP_PORT to one above 1023.`);
    }
    throw new Error(`Can't listen on ${host}:${port}: ${message}`);
  }
}

function stopOnSignals(stack: Stack, started: Promise<unknown>, unlock: () => void): void {
  let firstAt: number | undefined;

  const stop = async (why: string): Promise<void> => {
    firstAt = performance.now();
    console.log(`\nStopping (${why}) …`);
    await stack.stop();
    // A start that is under way may have started something more meanwhile.
    await Promise.race([started.catch(() => undefined), sleep(3_000, undefined, { ref: false })]);
    await stack.stop();
    console.log('Everything is stopped.');
    unlock();
    process.exit(0);
  };

  const onSignal = (signal: string): void => {
    if (firstAt === undefined) {
      void stop(signal);
    } else if (performance.now() - firstAt > SAME_KEYSTROKE_MS) {
      console.log('Ending everything at once.');
      void stack.kill().finally(() => {
        unlock();
        process.exit(1);
      });
    }
  };

  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onSignal);
  onceAncestorIsGone((name) => {
    if (firstAt === undefined) void stop(`"${name}" is gone`);
  });
}

try {
  await main();
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exit(1);
}
