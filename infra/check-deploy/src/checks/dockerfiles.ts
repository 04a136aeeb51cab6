import type { Copy, Instruction } from 'dockerfile-ast';
import type { Check } from '../check.js';
import { healthCheckProblem, imageProblem } from '../containers.js';
import { contentOf, effective, inherited, lineOf, readDockerfile, type Stage } from '../dockerfile.js';
import type { Problem } from '../problem.js';
import type { Repository } from '../repository.js';
import { placesAt, text } from '../shape.js';
import { composeFiles, dockerfileOf } from './compose.js';

/** Names of variables that must not be stored in a layer of an image. */
const SECRET = /\b\w*(?:PASSWORD|SECRET|TOKEN|CREDENTIAL)\w*/;

/** The bake file that publishes the images. */
const RELEASE = 'infra/docker/release.hcl';

/** Labels of the Open Containers Initiative that every image has. */
const LABELS = ['title', 'description', 'version', 'revision', 'source', 'licenses'].map(
  (name) => `org.opencontainers.image.${name}`,
);

/** Checks Dockerfiles against our own rules. Only a build shows whether a Dockerfile works. */
export const dockerfiles: Check = {
  name: 'Dockerfiles',
  run: (repository) => repository.files('infra', /\/Dockerfile$/).flatMap((file) => checkDockerfile(repository, file)),
};

function checkDockerfile(repository: Repository, file: string): Problem[] {
  const { instructions, stages } = readDockerfile(repository.text(file));
  const stageOf = (name: string) => stages.find((stage) => stage.name === name);
  const targets = targetsOf(repository, file);
  const isWanted = (stage: Stage) => targets.some(({ name }) => name === stage.name);
  return [
    ...targets
      .filter(({ name }) => stageOf(name) === undefined)
      .map(({ name, problem }) => problem(`${file} has no target ${name}`)),
    ...targets
      .filter(({ name }) => !repository.text(RELEASE).includes(`\ntarget "${name}" {`))
      .map(({ name }) => ({ file: RELEASE, line: 1, message: `does not publish the image ${name}` })),
    ...stages.flatMap(({ base, line }) => {
      const ours = base === 'scratch' || stageOf(base) !== undefined;
      const message = ours ? undefined : imageProblem(base);
      return message === undefined ? [] : [{ file, line, message }];
    }),
    ...instructions.flatMap((instruction) => checkInstruction(repository, file, instruction)),
    ...stages.flatMap((stage) => checkInstall(file, stage)),
    ...stages.filter(isWanted).flatMap((stage) => checkTarget(file, stages, stage)),
  ];
}

/** A stage that installs must not contain the code: otherwise every change of code installs again. */
function checkInstall(file: string, { instructions }: Stage): Problem[] {
  const install = instructions.findIndex((one) => one.getKeyword() === 'RUN' && /pnpm install/.test(contentOf(one)));
  return instructions
    .slice(0, Math.max(install, 0))
    .filter((one) => isCopy(one) && !isFromStage(one))
    .map((one) => ({
      file,
      line: lineOf(one),
      message: 'copies code before the install, which then runs for every change',
    }));
}

/** The targets that Compose files build. */
function targetsOf(repository: Repository, dockerfile: string) {
  const documents = composeFiles(repository).flatMap((file) => repository.yaml(file).documents);
  return documents.flatMap(({ value, problem }) =>
    placesAt(value, 'services', '*')
      .filter(({ value: service }) => dockerfileOf(service) === dockerfile)
      .map(({ path, value: service }) => ({
        name: text(service, 'build', 'target'),
        problem: (message: string) => problem([...path, 'build', 'target'], message),
      })),
  );
}

function checkInstruction(repository: Repository, file: string, instruction: Instruction): Problem[] {
  const [name, value, line] = [instruction.getKeyword(), contentOf(instruction), lineOf(instruction)];
  if (name === 'ADD') return [{ file, line, message: 'ADD can unpack archives and fetch URLs: use COPY' }];
  if (name === 'ARG' || name === 'ENV') {
    const [secret] = SECRET.exec(value) ?? [];
    return secret === undefined
      ? []
      : [{ file, line, message: `${secret} is stored in the image: use a build secret` }];
  }
  if (name === 'HEALTHCHECK') {
    const message = healthCheckProblem(value);
    return message === undefined ? [] : [{ file, line, message }];
  }
  if (!isCopy(instruction) || isFromStage(instruction) || value.startsWith('[')) return [];
  const sources = instruction.getArguments().map((argument) => argument.getValue());
  return sources
    .slice(0, -1)
    .filter((source) => !/[*?[$]/.test(source) && !repository.has(source))
    .map((source) => ({ file, line, message: `COPY names ${source}, which does not exist` }));
}

function isCopy(instruction: Instruction): instruction is Copy {
  return instruction.getKeyword() === 'COPY';
}

/** `getFromFlag` finds the flag only if it is the only one. */
function isFromStage(copy: Copy): boolean {
  return copy.getFlags().some((flag) => flag.getName() === 'from');
}

function checkTarget(file: string, stages: readonly Stage[], stage: Stage): Problem[] {
  const problems: Problem[] = [];
  const report = (message: string, at?: Instruction) =>
    problems.push({ file, line: at === undefined ? stage.line : lineOf(at), message: `${stage.name}: ${message}` });

  const user = effective(stages, stage, 'USER');
  if (user === undefined || /^(root|0)\b/.test(contentOf(user))) report('runs as root (USER)', user);
  else if (!/^\d/.test(contentOf(user)))
    report('its USER is a name; Kubernetes accepts only a number as not root', user);
  const all = inherited(stages, stage);
  for (const one of all) {
    const isFromContext = isCopy(one) && !isFromStage(one);
    if (isFromContext || one.getKeyword() === 'RUN')
      report('this layer has the time of the build: copy the files from the stage that sets their times', one);
  }
  const labels = all.filter((one) => one.getKeyword() === 'LABEL').map(contentOf);
  for (const label of LABELS) {
    if (!labels.some((text) => text.includes(`${label}=`))) report(`has no label ${label}`);
  }
  const started = ['ENTRYPOINT', 'CMD']
    .map((name) => effective(stages, stage, name))
    .filter((one) => one !== undefined);
  if (started.length === 0) report('starts no program (set CMD)');
  for (const one of started) {
    if (!contentOf(one).startsWith('['))
      report(`${one.getKeyword()} runs a shell, which does not forward SIGTERM: use the JSON form`, one);
  }
  return problems;
}
