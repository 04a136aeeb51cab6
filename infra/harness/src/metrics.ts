const PATIENCE_MS = 10_000;

/** Reads `/metrics`. @returns the sum of all series whose lines begin with a text; undefined where there are none */
export async function readMetrics(port: number): Promise<(beginning: string) => number | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const lines = (await answer.text()).split('\n');
  return (beginning) => {
    const series = lines.filter((line) => line.startsWith(beginning));
    return series.length === 0 ? undefined : series.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };
}
