import { DockerfileParser, type From, type Instruction } from 'dockerfile-ast';

/** A build stage: one FROM instruction and the instructions that follow it. */
export interface Stage {
  readonly name: string;
  /** An image, or the name of an earlier stage. */
  readonly base: string;
  readonly line: number;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  readonly instructions: readonly Instruction[];
  readonly stages: readonly Stage[];
}

export function readDockerfile(source: string): Dockerfile {
  const instructions = DockerfileParser.parse(source).getInstructions();
  const starts = instructions.filter((instruction): instruction is From => instruction.getKeyword() === 'FROM');
  const stages = starts.map((from, index) => {
    const next = starts[index + 1];
    return {
      name: from.getBuildStage() ?? '',
      base: from.getExpandedArguments()[0]?.getValue() ?? '',
      line: lineOf(from),
      instructions: instructions.slice(instructions.indexOf(from) + 1, next && instructions.indexOf(next)),
    };
  });
  return { instructions, stages };
}

/** The first line is 1. */
export function lineOf(instruction: Instruction): number {
  return instruction.getRange().start.line + 1;
}

/** The arguments of an instruction without its flags, with continued lines joined. */
export function contentOf(instruction: Instruction): string {
  return instruction.getArgumentsContent() ?? '';
}

/** The last instruction with a keyword in a stage, or else in the stages that it is built from. */
export function effective(stages: readonly Stage[], stage: Stage, keyword: string): Instruction | undefined {
  const own = stage.instructions.findLast((instruction) => instruction.getKeyword() === keyword);
  if (own !== undefined) return own;
  const below = stages.find((other) => other.name === stage.base && other !== stage);
  return below && effective(stages, below, keyword);
}

/** The instructions of a stage and of the stages that it is built from. */
export function inherited(stages: readonly Stage[], stage: Stage): Instruction[] {
  const below = stages.find((other) => other.name === stage.base && other !== stage);
  return [...(below === undefined ? [] : inherited(stages, below)), ...stage.instructions];
}
