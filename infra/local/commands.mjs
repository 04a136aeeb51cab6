// The options of the npm scripts. This file is plain JavaScript, so that `--help` works before the install and the build.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const string = { type: 'string' };
const boolean = { type: 'boolean' };

/** Options that each take a text. */
const texts = (...names) => Object.fromEntries(names.map((name) => [name, string]));

/** The help text of a command of a service, which prints the same file. */
const helpOf = (service, command) =>
  readFileSync(new URL(`../../services/${service}/help/${command}.txt`, import.meta.url), 'utf8').trimEnd();

/**
 * The program (or the arguments of Biome) and the help text of each npm script, and what a fresh clone can check of its arguments:
 * `options`, `required` and `exclusive` ones, those that take whole `numbers`, and whether other arguments are `names`, which
 * begin with one of `commands` if it has any. The program checks the rest. A script without `options` passes its arguments to
 * another tool. `usesTracker`: it connects to the tracker that `npm start` runs in this folder. `runsTracker`: it needs the
 * packages of the tracker only, not those of tests and checks.
 */
export const COMMANDS = {
  start: {
    runsTracker: true,
    program: './dist/start.js',
    options: { fresh: boolean, demo: boolean, 'no-demo': boolean },
    exclusive: ['demo', 'no-demo'],
    usage: `npm start [-- --fresh --demo --no-demo]
Starts the whole tracker on this machine, on http://localhost:8080. Ctrl-C stops it.
  --fresh     begin with empty data
  --demo      begin with a made-up advertiser, a week of its events, and live viewers, apart from your own data
  --no-demo   delete the data of the demo, and start with your own

Variables, from the environment or a file .env:
  HTTP_PORT=9090      use another port
  HTTP_HOST=0.0.0.0   serve other devices of the network too, such as a phone
  DATABASE_URL or POSTGRES_HOST, REDIS_URL or REDIS_HOST, NATS_URL
                      use servers of your own; services/CONFIGURATION.md lists all variables`,
  },
  test: {
    program: './dist/test.js',
    usage: `npm test [-- FILE… -t NAME]
Checks format, lint and types, and runs the tests against real servers. Arguments go to Jest.
  FILE…     only test files whose path contains one of these
  -t NAME   only tests whose name matches this`,
  },
  'test:browser': {
    program: './dist/test-browser.js',
    usage: `npm run test:browser [-- -t NAME]
Runs the tests in Chromium, also the long ones that npm test leaves out. Installs Chromium by apt-get if it is missing and
the user is root. Arguments go to Jest.
  -t NAME   only tests whose name matches this`,
  },
  chaos: {
    program: '../chaos/dist/main.js',
    options: texts('rounds', 'seed', 'fault', 'seconds'),
    numbers: ['rounds', 'seed', 'seconds'],
    usage: `npm run chaos [-- --rounds N --seed S --fault NAME --seconds T]
Breaks a tracker under load, and checks that no event is lost or counted twice.
  --rounds N     number of faults, one after the other (10)
  --seed S       chooses the faults, their times and their targets; the same seed repeats a run (1)
  --fault NAME   only these faults, separated by commas; --fault list prints their names
  --seconds T    how long outages last (4 to 10)`,
  },
  fuzz: {
    program: '../fuzz/dist/main.js',
    options: texts('requests', 'seed'),
    numbers: ['requests', 'seed'],
    usage: `npm run fuzz [-- --requests N --seed S]
Sends hostile requests to a tracker, and checks every answer and every count.
  --requests N   number of requests (20000)
  --seed S       chooses the requests; the same seed repeats a run (1)`,
  },
  bounds: {
    program: '../bench/dist/limits/main.js',
    options: texts('only', 'seconds', 'cap-mb', 'rate'),
    numbers: ['seconds', 'cap-mb', 'rate'],
    usage: `npm run bounds [-- --only NAME --seconds T --cap-mb M --rate R]
Checks that memory and time stay within limits: during a long outage (memory), after it (drain, rebuild), with a
million ads (catalogue), and with a million ranges of addresses (lists).
  --only NAME    only these bounds, separated by commas; --only list prints their names
  --seconds T    how long NATS and Postgres are unavailable (600)
  --cap-mb M     resident memory that no service may exceed (256)
  --rate R       clicks per second in the hour of traffic that waits in JetStream (300)`,
  },
  bench: {
    program: '../bench/dist/main.js',
    options: { quick: boolean, only: string, enforce: boolean },
    usage: `npm run bench [-- --quick --only NAME --enforce]
Measures the speed of the tracker and lists the goals that it misses.
  --quick        about four minutes instead of eighteen: shorter and fewer rounds, smaller stores
  --only NAME    only these parts, separated by commas; --only list prints their names
  --enforce      end with exit code 1 if a goal is missed`,
  },
  'check:deploy': {
    program: '../check-deploy/dist/main.js',
    options: { static: boolean },
    usage: `npm run check:deploy [-- --static]
Checks the Dockerfile, Compose files, Kubernetes manifests, dashboards, alerts and pages.
  --static   start no server, and skip the check that runs the queries of the dashboards`,
  },
  'check:upgrade': {
    program: '../chaos/dist/upgrade/main.js',
    options: { from: string, rounds: string, seed: string },
    usage: `npm run check:upgrade [-- --from REF --rounds N --seed S]
Runs the services of the last release and of this checkout side by side under load, rolls forward and back, and checks that no
event is lost, counted twice or miscounted.
  --from REF    the last release: a tag or a commit (the newest tag v* of another commit)
  --rounds N    number of changes: forward, back, to a mix of both, and so on; the last one is forward (6)
  --seed S      chooses the order of the services and the moments; the same seed repeats a run (1)`,
  },
  ads: {
    runsTracker: true,
    usesTracker: true,
    program: '../../services/ingest/bundle/ads-main.js',
    printsResults: true,
    options: texts(
      ...[
        'url',
        'mode',
        'campaign',
        'advertiser',
        'status',
        'q',
        'target-url',
        'id',
        'title',
        'image-url',
        'click-mode',
      ],
      ...[
        'duration-seconds',
        'skip-offset',
        'vast-url',
        'starts-at',
        'ends-at',
        'media-url',
        'media-type',
        'media-width',
      ],
      ...['media-height', 'media-bitrate', 'media-delivery'],
    ),
    commands: ['list', 'add', 'import', 'archive'],
    get usage() {
      return helpOf('ingest', 'ads');
    },
  },
  keys: {
    runsTracker: true,
    usesTracker: true,
    program: '../../services/ingest/bundle/keys-main.js',
    printsResults: true,
    options: { ...texts('advertiser', 'expires-at', 'url'), scope: { ...string, multiple: true } },
    commands: ['list', 'add', 'remove'],
    get usage() {
      return helpOf('ingest', 'keys');
    },
  },
  'ivt-lists': {
    runsTracker: true,
    program: '../../services/ingest/bundle/ivt-lists-main.js',
    printsResults: true,
    options: {},
    names: true,
    get usage() {
      return helpOf('ingest', 'ivt-lists');
    },
  },
  'dead-letters': {
    runsTracker: true,
    usesTracker: true,
    program: '../../services/consumer/bundle/dead-letters-main.js',
    printsResults: true,
    options: { ...texts('reason', 'limit'), all: boolean },
    commands: ['list', 'show', 'replay', 'drop'],
    get usage() {
      return helpOf('consumer', 'dead-letters');
    },
  },
  erase: {
    runsTracker: true,
    usesTracker: true,
    program: '../../services/consumer/bundle/erase-main.js',
    printsResults: true,
    options: texts('ip'),
    required: ['ip'],
    get usage() {
      return helpOf('consumer', 'erase');
    },
  },
  recount: {
    runsTracker: true,
    usesTracker: true,
    program: '../../services/consumer/bundle/recount-main.js',
    printsResults: true,
    options: {},
    get usage() {
      return helpOf('consumer', 'recount');
    },
  },
  backup: {
    runsTracker: true,
    program: './dist/backup/backup-main.js',
    options: {},
    names: true,
    usage: `npm run backup -- FOLDER
Backs up the data of npm start to a new folder: Postgres, the streams of NATS, the admin key. npm start may run meanwhile.
Prints the time before which everything acknowledged is in it. The folder appears when the backup is complete.
  FOLDER   must not exist; only you can read it, as it contains addresses of viewers and passwords`,
  },
  restore: {
    runsTracker: true,
    program: './dist/backup/restore-main.js',
    options: {},
    names: true,
    usage: `npm run restore -- FOLDER
Replaces the data of npm start by a backup, which is checked first. Stop npm start before. The replaced data are kept.
  FOLDER   a folder of npm run backup`,
  },
  logs: {
    runsTracker: true,
    program: './dist/logs/main.js',
    printsResults: true,
    options: {},
    names: true,
    usage: `npm run logs [-- NAME…]
Prints the log lines of npm start for people, as they are written: the last ten of each, then new ones. Ctrl-C ends it.
  NAME…   only of these: ingest, consumer, analytics, postgres, redis, nats
The files are JSON lines: .local/logs, and of earlier runs .local/logs-previous.`,
  },
  psql: {
    runsTracker: true,
    program: '../../services/consumer/bundle/psql-main.js',
    printsResults: true,
    usage: `npm run psql [-- ARGUMENTS]
Opens the database of npm start in psql, if psql is installed; DATABASE_URL or POSTGRES_HOST, … choose another. Arguments go to
psql.
  -c 'SELECT …'   run one statement`,
  },
  release: {
    program: '../check-deploy/dist/release/main.js',
    printsResults: true,
    options: { 'dry-run': boolean },
    names: true,
    usage: `npm run release -- X.Y.Z [--dry-run]
Makes a release of the current branch: sets the version in all files, moves the unreleased changes of CHANGELOG.md to a
section of their own, commits, and makes the annotated tag vX.Y.Z. It pushes nothing.
  X.Y.Z       the version, which is greater than that of package.json; X.Y.Z-rc.1 is a version too
  --dry-run   change nothing, and print the files that would change and the changes of the version`,
  },
  digests: {
    program: '../check-deploy/dist/digests/main.js',
    printsResults: true,
    options: {},
    usage: `npm run digests
Asks the registries for the digests of all images and GitHub for the commits of all actions, and writes them to
infra/docker/digests.yaml and .github/workflows. Needs the internet.`,
  },
  generate: {
    program: '../check-deploy/dist/generate.js',
    printsResults: true,
    options: {},
    usage: `npm run generate
Writes the generated files: Grafana dashboards, the error budget rules of ingest, the Prometheus rules for Kubernetes, and
services/CONFIGURATION.md.`,
  },
  build: {
    options: {},
    usage: `npm run build
Installs the dependencies, compiles the project, and bundles the browser snippet.`,
  },
  lint: {
    biome: ['check'],
    usage: `npm run lint [-- FILE…]
Checks format, lint rules and imports. Arguments go to Biome.`,
  },
  format: {
    biome: ['check', '--write'],
    usage: `npm run format [-- FILE…]
Formats the code and corrects what Biome can correct safely. Arguments go to Biome.`,
  },
};

/**
 * Reads the arguments of a script without running anything.
 *
 * @returns the help text for `--help`, or one line that describes a wrong argument; an empty object if the program must run
 */
export function readCall(command, args) {
  const given = args.filter((arg) => arg !== '--');
  if (given.some((arg) => arg === '--help' || (arg === '-h' && command !== 'psql')))
    return { help: COMMANDS[command].usage };
  const mistake = mistakeIn(COMMANDS[command], given);
  return mistake === undefined ? {} : { mistake: `${mistake.replace(/\.?$/, '.')} Try --help.` };
}

/** @returns what is wrong with the arguments; undefined if the program must check the rest */
function mistakeIn({ options, commands, names = false, required = [], exclusive = [], numbers = [] }, args) {
  if (options === undefined) return undefined;
  let call;
  try {
    call = parseArgs({ args, options, allowPositionals: names || commands !== undefined });
  } catch (error) {
    // The rest of the message is about arguments that begin with a dash.
    return error.message.split(/\. |\n/)[0];
  }
  const { values, positionals } = call;
  const [first] = positionals;
  if (commands !== undefined && !commands.includes(first)) {
    return first === undefined ? `Give a command: ${commands.join(', ')}.` : `Unknown command ${first}.`;
  }
  const missing = required.find((name) => values[name] === undefined);
  if (missing !== undefined) return `--${missing} is required.`;
  if (exclusive.length > 0 && exclusive.every((name) => values[name] !== undefined)) {
    return `--${exclusive.join(' and --')} exclude each other.`;
  }
  const bad = numbers.find((name) => values[name] !== undefined && !/^\d+$/.test(values[name]));
  return bad === undefined ? undefined : `--${bad} takes a whole number.`;
}
