/**
 * Delays the begin of a batch until `lingerMs` have passed since the batch before began, or until enough is there for one. The
 * first batch after a pause is not delayed.
 */
export class Rhythm {
  readonly #lingerMs: number;
  readonly #isEnough: () => boolean;
  readonly #waiting = new Set<() => void>();
  #begun = Number.NEGATIVE_INFINITY;

  constructor(lingerMs: number, isEnough: () => boolean) {
    this.#lingerMs = lingerMs;
    this.#isEnough = isEnough;
  }

  /** Resolves when a batch may begin. */
  async turn(): Promise<void> {
    for (let rest = this.#rest(); rest > 0 && !this.#isEnough(); rest = this.#rest()) {
      await new Promise<void>((resolve) => {
        const go = () => {
          clearTimeout(timer);
          this.#waiting.delete(go);
          resolve();
        };
        const timer = setTimeout(go, rest);
        this.#waiting.add(go);
      });
    }
  }

  /** Call this when a batch begins. */
  begin(): void {
    this.#begun = performance.now();
  }

  /** Call this when there may be enough for a batch. */
  changed(): void {
    if (this.#waiting.size > 0 && this.#isEnough()) for (const go of this.#waiting) go();
  }

  #rest(): number {
    return this.#begun + this.#lingerMs - performance.now();
  }
}
