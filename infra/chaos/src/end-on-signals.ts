import { rmSync } from 'node:fs';

/**
 * Ctrl-C, and whoever else ends us, leaves nothing behind. npm passes Ctrl-C on as well: the second one is no news.
 *
 * @param end ends every process; called twice, as one may be starting at that moment
 * @param folder what they wrote, taken away afterwards
 * @returns whether that has begun
 */
export function endOnSignals(end: () => Promise<void>, folder: string): () => boolean {
  let ending = false;
  const endAll = async () => {
    if (ending) return;
    ending = true;
    console.log('\nEnding everything …');
    await end();
    await end();
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void endAll());
  return () => ending;
}
