import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';

const RUNTIME = new URL('../dist/index.js', import.meta.url).href;
const root = mkdtempSync(join(tmpdir(), 'log-file-'));

afterAll(() => rmSync(root, { recursive: true }));

/** Runs `body` with a logger that checks its file every 20 ms. Returns the exit code and the logged lines. */
async function run(file: string, body: string): Promise<{ code: number | null; lines: { event: string }[] }> {
  const code = `
    import { existsSync, rmSync, writeFileSync } from 'node:fs';
    import { createLogger } from '${RUNTIME}';
    const { setTimeout: begin } = globalThis;
    globalThis.setTimeout = (work, ms) => begin(work, ms === 60_000 ? 20 : ms);
    const logger = await createLogger({ service: 'sample', level: 'info', file: ${JSON.stringify(file)} });
    const line = (i) => logger.info('line', { event: 'test.line', i });
    const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
    ${body}
    await logger.close();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (part) => {
    out += part;
  });
  const exit = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines = out
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text));
  return { code: exit, lines };
}

const count = (lines: readonly { event: string }[], event: string) =>
  lines.filter((line) => line.event === event).length;

it('continues with standard output when the disk is full', async () => {
  const folder = join(root, 'full');
  mkdirSync(folder);
  for (const day of [0, 1]) {
    const date = new Date(Date.now() + day * 86_400_000).toISOString().slice(0, 10);
    symlinkSync('/dev/full', join(folder, `ads-sample-${date}.log`));
  }
  const { code, lines } = await run(
    join(folder, 'ads.log'),
    'for (let i = 0; i < 100; i += 1) { line(i); if (i % 10 === 0) await turn(); }',
  );
  expect(code).toBe(0);
  expect(count(lines, 'test.line')).toBe(100);
  expect(count(lines, 'log.file_failed')).toBeGreaterThan(0);
});

it('continues with standard output when the day changes and the folder cannot be made again', async () => {
  const folder = join(root, 'blocked');
  const { code, lines } = await run(
    join(folder, 'logs', 'ads.log'),
    `line(0);
     await turn();
     rmSync(${JSON.stringify(folder)}, { recursive: true });
     writeFileSync(${JSON.stringify(folder)}, 'a file in place of the folder');
     const { now } = Date;
     Date.now = () => now() + 86_400_000;
     for (let i = 1; i < 100; i += 1) line(i);`,
  );
  expect(code).toBe(0);
  expect(count(lines, 'test.line')).toBe(100);
  expect(count(lines, 'log.file_failed')).toBe(1);
});

it('begins a new file when the folder was deleted', async () => {
  const folder = join(root, 'deleted');
  const { code, lines } = await run(
    join(folder, 'ads.log'),
    `line(0);
     while (!existsSync(${JSON.stringify(folder)})) await turn();
     await turn();
     rmSync(${JSON.stringify(folder)}, { recursive: true });
     while (!existsSync(${JSON.stringify(folder)})) await turn();
     line(1);`,
  );
  expect(code).toBe(0);
  expect(count(lines, 'log.file_failed')).toBe(1);
  const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.log'));
  const written = readFileSync(join(folder, name), 'utf8');
  expect(written).toContain('"i":1}');
  expect(written).not.toContain('"i":0}');
});
