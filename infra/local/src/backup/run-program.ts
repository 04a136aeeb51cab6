/** Runs the program of a command with one folder as its argument, and prints an error as one sentence. */
export async function runProgram(name: string, main: (folder: string) => Promise<void>): Promise<void> {
  // argv[2] is the name of the program.
  const [folder, ...others] = process.argv.slice(3).filter((argument) => argument !== '--');
  if (folder === undefined || others.length > 0) {
    console.error(`Name one folder: npm run ${name} -- FOLDER. Try --help.`);
    process.exitCode = 2;
    return;
  }
  try {
    await main(folder);
  } catch (error) {
    console.error(`\n${(error as Error).message}`);
    process.exitCode = 1;
  }
}
