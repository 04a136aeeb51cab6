import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';

const folder = mkdtempSync(join(tmpdir(), 'process-'));

afterAll(() => rmSync(folder, { recursive: true }));

const RUNTIME = new URL('../dist/index.js', import.meta.url).href;

/** Runs a process with the given body of `start`. It uses the built package, as services do. */
function run(start: string, env: Record<string, string> = {}): ChildProcess {
  const code = `
    import { runProcess, logVariables, httpVariables, tracingVariables } from '${RUNTIME}';
    await runProcess({
      service: 'sample',
      version: '1.2.3',
      variables: { ...logVariables, ...httpVariables(0), ...tracingVariables },
      start: async ({ config, logger, metrics, shutdown }) => { ${start} },
    });`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], {
    env: { PATH: process.env.PATH, ...env },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function ended(
  child: ChildProcess,
  onOutput: (text: string) => void = () => undefined,
): Promise<{ code: number | null; out: string; err: string }> {
  let out = '';
  let err = '';
  child.stdout?.on('data', (part) => {
    out += part;
    onOutput(out);
  });
  child.stderr?.on('data', (part) => {
    err += part;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

const WAIT = 'logger.info("up", { event: "test.line" }); setInterval(() => {}, 1000);';

function once(action: () => void): (text: string) => void {
  let done = false;
  return (text) => {
    if (done || !text.includes('"up"')) return;
    done = true;
    action();
  };
}

describe('runProcess', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('runs the shutdown hooks and exits 0 on %s', async (signal) => {
    const child = run(`
      shutdown.add('first', () => logger.info('closed first', { event: 'test.line' }));
      shutdown.add('second', async () => { await null; logger.info('closed second', { event: 'test.line' }); });
      ${WAIT}`);
    const { code, out } = await ended(
      child,
      // Twice at once, as when a terminal and a parent process both send the signal.
      once(() => {
        child.kill(signal);
        child.kill('SIGTERM');
      }),
    );
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ event: 'process.starting', version: '1.2.3' });
    const messages = lines.map(({ message }) => message);
    expect(messages).toEqual(['starting version 1.2.3', 'up', 'shutting down', 'closed second', 'closed first']);
    expect(code).toBe(0);
  });

  it('continues its shutdown when the same signal arrives again seconds later', async () => {
    const child = run(`
      shutdown.add('slow', async () => {
        await new Promise((resolve) => process.once('SIGINT', resolve));
        logger.info('closed', { event: 'test.line' });
      });
      setTimeout(() => process.kill(process.pid, 'SIGTERM'), 10);
      ${WAIT}`);
    const { code, out } = await ended(child, (text) => {
      // Later than the two signals of one Ctrl-C could be apart.
      if (text.includes('shutting down')) setTimeout(() => child.kill('SIGINT'), 1_500);
    });
    expect(out).toContain('"closed"');
    expect(code).toBe(0);
  });

  it('prints an invalid configuration without a stack trace and exits 78', async () => {
    const { code, out, err } = await ended(run(WAIT, { LOG_LEVEL: 'loud', HTTP_PORT: 'x' }));
    expect(code).toBe(78);
    expect(out).toBe('');
    expect(err).toBe(
      'sample: Bad configuration:\n' +
        '  LOG_LEVEL: must be one of [error, warn, info, debug]\n' +
        '  HTTP_PORT: must be a number\n',
    );
  });

  it.each([
    ['true', true],
    ['10.0.0.0/8', false],
  ])('with TRUST_PROXY=%s warns that clients choose their addresses: %s', async (trusted, warns) => {
    const { code, out } = await ended(run('process.kill(process.pid, "SIGTERM")', { TRUST_PROXY: trusted }));
    expect(code).toBe(0);
    expect(out.includes('"event":"config.every_proxy_trusted"')).toBe(warns);
  });

  it.each([
    ['a start that fails', 'throw new Error("boom");'],
    ['a rejection that nobody handles', `${WAIT} void Promise.reject(new Error("boom"));`],
    ['an exception', `${WAIT} setTimeout(() => { throw new Error("boom"); });`],
  ])('logs %s, shuts down, and exits 1', async (_name, body) => {
    const { code, out } = await ended(
      run(`shutdown.add('it', () => logger.info('closed', { event: 'test.line' })); ${body}`),
    );
    expect(code).toBe(1);
    expect(out).toMatch(/"message":"boom"[\s\S]*"message":"closed"/);
  });

  it('exits 1 if the shutdown takes longer than SHUTDOWN_GRACE_SECONDS', async () => {
    const child = run(`shutdown.add('hangs', () => new Promise(() => {})); ${WAIT}`, {
      SHUTDOWN_GRACE_SECONDS: '1',
    });
    const { code, out } = await ended(
      child,
      once(() => void child.kill('SIGTERM')),
    );
    expect(code).toBe(1);
    expect(out).toContain('"event":"shutdown.timed_out"');
  });

  it('writes every line to the log file as well', async () => {
    const child = run(
      `for (let i = 0; i < 5000; i += 1) logger.info('line', { event: 'test.line', i });
       logger.error('the end', { event: 'test.line', error: new Error('boom', { cause: 'why' }), message: 'x' });
       ${WAIT}`,
      { LOG_FILE: join(folder, 'new', 'ads.log') },
    );
    await ended(
      child,
      once(() => void child.kill('SIGTERM')),
    );
    const names = readdirSync(join(folder, 'new'));
    const file = names.find((name) => /^ads-sample-\d{4}-\d\d-\d\d\.log$/.test(name)) ?? '';
    expect(names.sort()).toEqual(['.ads-sample-audit.json', file]);
    const lines = readFileSync(join(folder, 'new', file), 'utf8')
      .trim()
      .split('\n');
    expect(lines).toHaveLength(5004);
    expect(JSON.parse(lines[5001] ?? '')).toMatchObject({
      level: 'error',
      message: 'the end',
      service: 'sample',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      error: { message: 'boom', cause: 'why', stack: expect.stringContaining('at ') },
    });
  });
});
