/** One instruction of a Dockerfile. */
export interface Instruction {
  readonly line: number;
  readonly name: string;
  /** With continued lines joined. */
  readonly value: string;
}

/** What comes between one FROM and the next. */
export interface Stage {
  readonly name: string;
  /** An image, or the name of an earlier stage. */
  readonly base: string;
  readonly line: number;
  readonly instructions: readonly Instruction[];
}

export function readInstructions(source: string): Instruction[] {
  const instructions: Instruction[] = [];
  let open: { line: number; text: string } | undefined;
  for (const [index, line] of source.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    open = { line: open?.line ?? index + 1, text: `${open?.text ?? ''}${line.trim()}` };
    if (open.text.endsWith('\\')) {
      open.text = `${open.text.slice(0, -1)} `;
      continue;
    }
    const [, name = '', value = ''] = /^(\w+)\s*(.*)$/.exec(open.text) ?? [];
    instructions.push({ line: open.line, name: name.toUpperCase(), value: value.trim() });
    open = undefined;
  }
  return instructions;
}

export function readStages(source: string): Stage[] {
  const instructions = readInstructions(source);
  const args = new Map(
    instructions
      .slice(
        0,
        Math.max(
          0,
          instructions.findIndex(({ name }) => name === 'FROM'),
        ),
      )
      .filter(({ name }) => name === 'ARG')
      .map(({ value }) => value.split('=', 2) as [string, string]),
  );
  return instructions.flatMap((from, index) => {
    if (from.name !== 'FROM') return [];
    const rest = instructions.slice(index + 1);
    const end = rest.findIndex(({ name }) => name === 'FROM');
    const [, image = '', name = ''] = /^(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?$/i.exec(from.value) ?? [];
    const base = image.replace(/\$\{?(\w+)\}?/g, (_whole, arg: string) => args.get(arg) ?? '');
    return [{ name, base, line: from.line, instructions: end < 0 ? rest : rest.slice(0, end) }];
  });
}

/** The last instruction of a name that holds in a stage: its own, or one of the stages below it. */
export function effective(stages: readonly Stage[], stage: Stage, name: string): Instruction | undefined {
  const own = stage.instructions.findLast((instruction) => instruction.name === name);
  if (own !== undefined) return own;
  const below = stages.find((other) => other.name === stage.base && other !== stage);
  return below && effective(stages, below, name);
}
