// Options of the npm scripts. Plain JavaScript, as `--help` must answer before anything is installed or built.

import { parseArgs } from 'node:util';

const string = { type: 'string' };
const boolean = { type: 'boolean' };

/**
 * By the name of the script: the program that is handed over to, its explanation, and its options. Where there are no
 * options, the program reads its arguments itself.
 */
export const COMMANDS = {
  start: {
    program: './dist/start.js',
    options: { fresh: boolean },
    usage: `npm start [-- --fresh]
Starts the whole tracker on this machine, on http://localhost:8080 (HTTP_PORT changes the port).
  --fresh   begin with empty data`,
  },
  test: {
    program: './dist/test.js',
    usage: `npm test [-- FILE… -t NAME]
Checks format, lint and types, and runs the tests against real servers. Arguments go to Jest.
  FILE…     only test files whose path contains one of these
  -t NAME   only tests whose name matches this`,
  },
  chaos: {
    program: '../chaos/dist/main.js',
    options: { rounds: string, seed: string, fault: string, seconds: string },
    usage: `npm run chaos [-- --rounds N --seed S --fault NAME --seconds T]
Breaks a tracker under load, and checks that no event is lost or counted twice.
  --rounds N     so many faults, one after the other (10)
  --seed S       decides which, when and where; the same seed, the same faults (1)
  --fault NAME   only this one; several with commas between them; --fault list names all
  --seconds T    how long outages last (4 to 10)`,
  },
  fuzz: {
    program: '../fuzz/dist/main.js',
    options: { requests: string, seed: string },
    usage: `npm run fuzz [-- --requests N --seed S]
Sends requests of all kinds to a tracker, and checks every answer and every count.
  --requests N   so many of them (20000)
  --seed S       decides what they are; the same seed, the same requests (1)`,
  },
  bounds: {
    program: '../bench/dist/limits/main.js',
    options: { only: string, seconds: string, 'cap-mb': string, rate: string },
    usage: `npm run bounds [-- --only NAME --seconds T --cap-mb M --rate R]
Checks that memory and time stay within bounds: while dependencies are unavailable for long (memory), after it (drain,
rebuild), and with a million ads (catalogue).
  --only NAME    only this bound; several with commas between them; --only list names all
  --seconds T    how long NATS and Postgres are unavailable (600)
  --cap-mb M     resident memory that no service may exceed (256)
  --rate R       clicks a second of the hour that JetStream held (300)`,
  },
  bench: {
    program: '../bench/dist/main.js',
    options: { quick: boolean, only: string },
    usage: `npm run bench [-- --quick --only NAME]
Measures how fast the tracker is, and names the goals that it missed.
  --quick        less than three minutes instead of less than fifteen: shorter, fewer rounds, smaller stores
  --only NAME    only this part; several with commas between them; --only list names all`,
  },
  'check:deploy': {
    program: '../check-deploy/dist/main.js',
    options: { static: boolean },
    usage: `npm run check:deploy [-- --static]
Checks everything that the tracker is deployed with.
  --static   start nothing: leave out the queries of the dashboards against a live stack`,
  },
  'dead-letters': { program: '../../services/consumer/dist/dead-letters-main.js', printsResults: true },
  generate: {
    program: '../check-deploy/dist/generate.js',
    printsResults: true,
    options: {},
    usage: `npm run generate
Writes the generated files: Grafana dashboards, the rules for Kubernetes, services/CONFIGURATION.md.`,
  },
};

/**
 * Describes a call without running anything.
 *
 * @returns the explanation when it is asked for, or in one line what is wrong with the options; neither when it is for the
 *   program to run
 */
export function readCall(command, args) {
  const { usage, options } = COMMANDS[command];
  const given = args.filter((arg) => arg !== '--');
  if (usage !== undefined && given.some((arg) => arg === '--help' || arg === '-h')) return { help: usage };
  if (options === undefined) return {};
  try {
    parseArgs({ args: given, options });
    return {};
  } catch (error) {
    return { mistake: `${error.message.split('\n')[0].replace(/\.?$/, '.')} Try --help.` };
  }
}
