import { setTimeout as sleep } from 'node:timers/promises';
import { checkSettings } from './launcher/check-settings.js';
import { lockLauncher } from './launcher/lock.js';
import { ownServers } from './launcher/own-servers.js';
import { step } from './launcher/progress.js';
import { readSettings, type Settings } from './launcher/settings.js';
import { Stack } from './launcher/stack.js';
import { onStopSignals } from './launcher/stop-signals.js';
import { summaryText } from './launcher/summary.js';
import { endLeftovers } from './processes/leftovers.js';

/** `npm start`: runs the whole tracker on this machine until a stop signal. */
async function main(): Promise<void> {
  // A closed terminal must not stop the clean-up.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);

  const settings = readSettings(process.argv.slice(3), process.env);
  checkDemo(settings);
  await step('check the settings', () => checkSettings(settings.variables));
  const unlock = await lockLauncher();
  const leftovers = await endLeftovers();
  if (leftovers.length > 0) {
    console.log(`Ended processes that a killed run had left: ${leftovers.join(', ')}`);
  }
  const stack = new Stack(settings);
  const started = listen(stack, settings).then(() => stack.start());
  stopOnSignals(stack, started, unlock);
  try {
    console.log(summaryText(await started));
    stack.watch();
  } catch (error) {
    // A stop signal arrived during the start; its handler ends the process.
    if (stack.isStopping) return;
    console.error(`\n${(error as Error).message}`);
    await stack.stop();
    // A start in progress may have started another process meanwhile.
    await stack.stop();
    unlock();
    process.exit(1);
  }
}

/** Numbers of the demo must never mix with those of real ads. @throws Error if they could */
function checkDemo({ demo, variables }: Settings): void {
  const own = ownServers(variables);
  if (demo && variables.ADMIN_API_KEY_FILE !== undefined) {
    throw new Error('--demo registers ads with the key itself: set ADMIN_API_KEY instead of ADMIN_API_KEY_FILE.');
  }
  if (demo && own.length > 0) {
    throw new Error(
      `--demo uses servers of its own, so that its numbers never mix with yours: unset ${own.join(', ')}.`,
    );
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
      throw new Error(`This user may not listen on port ${port}. Set HTTP_PORT to a port above 1023.`);
    }
    throw new Error(`Can't listen on ${host}:${port}: ${message}`);
  }
}

function stopOnSignals(stack: Stack, started: Promise<unknown>, unlock: () => void): void {
  onStopSignals({
    async stop(why) {
      console.log(`\nStopping (${why}) …`);
      await stack.stop();
      // The interrupted start may have started another process meanwhile.
      await Promise.race([started.catch(() => undefined), sleep(3_000, undefined, { ref: false })]);
      await stack.stop();
      console.log('All processes are stopped.');
      unlock();
      process.exit(0);
    },
    async kill() {
      await stack.kill();
      unlock();
      process.exit(1);
    },
  });
}

try {
  await main();
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exit(1);
}
