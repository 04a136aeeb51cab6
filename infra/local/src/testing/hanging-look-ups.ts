import dns from 'node:dns';
import { existsSync, readFile } from 'node:fs';
import { join } from 'node:path';

// Loaded into a service before its own code with `--import`. Names that end in `.test` resolve to this machine. While
// HANGING_NAMES_FOLDER has a pipe with that name, a look-up blocks a libuv thread, as getaddrinfo does without an answer from
// DNS: it reads the pipe, which has no writer.

const folder = process.env.HANGING_NAMES_FOLDER ?? '.';
const { lookup } = dns;
type Callback = (error: Error | null) => void;

Object.assign(dns, {
  lookup(hostname: string, ...rest: [...unknown[], Callback]) {
    const callback = rest.at(-1) as Callback;
    const look = lookup as unknown as (hostname: string, ...rest: unknown[]) => void;
    if (!hostname.endsWith('.test')) return look(hostname, ...rest);
    const pipe = join(folder, hostname);
    if (!existsSync(pipe)) return look('localhost', ...rest);
    readFile(pipe, () => {
      callback(Object.assign(new Error(`getaddrinfo EAI_AGAIN ${hostname}`), { code: 'EAI_AGAIN', hostname }));
    });
  },
});
