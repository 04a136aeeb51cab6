import type { Problem } from './problem.js';
import type { Repository } from './repository.js';
import type { FoundTool, Tool } from './tools.js';
import type { YamlDocument } from './yaml-file.js';

/** The problems that a check found, or the reason why it could not run. */
export type Outcome = readonly Problem[] | { readonly skipped: string };

/** A check of one kind of file or setting. */
export interface Check {
  readonly name: string;
  run(repository: Repository): Outcome | Promise<Outcome>;
}

/** A check that reads each document of some YAML files. It reports syntax errors of the files too. */
export function yamlCheck(
  name: string,
  filesIn: (repository: Repository) => readonly string[],
  checkDocument: (document: YamlDocument, repository: Repository) => readonly Problem[] | Promise<readonly Problem[]>,
): Check {
  return {
    name,
    async run(repository) {
      const files = filesIn(repository).map((file) => repository.yaml(file));
      const documents = files.flatMap((file) => file.documents);
      const found = await Promise.all(documents.map((document) => checkDocument(document, repository)));
      return [...files.flatMap(({ problems }) => problems), ...found.flat()];
    },
  };
}

/** A check that runs an external program. It is skipped if the program is not installed. */
export function toolCheck(
  name: string,
  find: () => FoundTool | Promise<FoundTool>,
  run: (tool: Tool, repository: Repository) => Promise<readonly Problem[]>,
): Check {
  return {
    name,
    async run(repository) {
      const tool = await find();
      return 'missing' in tool ? { skipped: tool.missing } : run(tool.run, repository);
    },
  };
}
