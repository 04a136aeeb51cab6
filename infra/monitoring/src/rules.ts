import { parse } from 'yaml';

/** An alert as the rules declare it. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: 'critical' | 'warning' };
}

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly (Alert | { readonly record: string })[] }[];
}

/** The rules of some files. */
export class Rules {
  readonly #rules: readonly (Alert | { readonly record: string })[];

  /** @param texts the files, as YAML */
  constructor(texts: readonly string[]) {
    this.#rules = texts.flatMap((text) => (parse(text) as RuleFile).groups.flatMap(({ rules }) => rules));
  }

  /** @throws Error if no rule has the name */
  alert(name: string): Alert {
    const found = this.#rules.find((rule): rule is Alert => 'alert' in rule && rule.alert === name);
    if (found === undefined) throw new Error(`The rules have no alert ${name}`);
    return found;
  }

  /** The name of a metric that a rule records. @throws Error if none does */
  record(name: string): string {
    if (this.#rules.some((rule) => 'record' in rule && rule.record === name)) return name;
    throw new Error(`The rules record no ${name}`);
  }

  /** The number that the expression of an alert is compared with. @throws Error if the alert has not the form `metric > number` */
  limit(name: string, metric: string): number {
    const { expr } = this.alert(name);
    const limit = Number(expr.startsWith(`${metric} > `) ? expr.slice(metric.length + 3) : Number.NaN);
    if (Number.isNaN(limit)) throw new Error(`${name} does not compare ${metric} with a number: ${expr}`);
    return limit;
  }
}
