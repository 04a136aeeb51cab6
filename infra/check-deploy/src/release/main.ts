import { parseArgs } from 'node:util';
import { gitIn, projectRoot } from '@ads/local';
import { openRepository } from '../repository.js';
import { makeRelease, planRelease } from './release.js';

/** `npm run release`: sets the version everywhere, and makes the commit and the tag. */
function main(args: readonly string[]): void {
  const { version, isDryRun } = readArguments(args);
  const git = gitIn(projectRoot);
  const today = new Date().toISOString().slice(0, 10);
  const planned = planRelease(openRepository(projectRoot), git, version, today);
  const { former, tag, changes, files } = planned;
  if (isDryRun) {
    console.log(`Version ${version} after ${former}, tag ${tag}. Nothing is changed. These files would change:`);
    for (const file of files.keys()) console.log(`  ${file}`);
    console.log(`\n${changes}`);
    return;
  }
  makeRelease(planned, projectRoot, git);
  console.log(`Version ${version} is committed and tagged. Publish both with:`);
  console.log(`  git push --atomic origin ${git('branch', '--show-current')} ${tag}`);
}

function readArguments(args: readonly string[]): { readonly version: string; readonly isDryRun: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args: args.filter((arg) => arg !== '--'),
      options: { 'dry-run': { type: 'boolean' } },
      allowPositionals: true,
    });
    const [version] = positionals;
    if (version === undefined || positionals.length > 1) throw new Error('Name one version, such as 1.1.0.');
    return { version, isDryRun: values['dry-run'] === true };
  } catch (error) {
    console.error(`${(error as Error).message} Try --help.`);
    return process.exit(2);
  }
}

try {
  // argv[2] is the name of the program.
  main(process.argv.slice(3));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
