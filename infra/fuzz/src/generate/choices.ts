import fc from 'fast-check';

/** The words of a text, and each value in it as a word of its own, which may hold spaces or be empty: `a b ${' c '}`. */
export function words(text: TemplateStringsArray, ...values: readonly string[]): string[] {
  return text.flatMap((part, index) => [...(part.match(/[^ \n]+/g) ?? []), ...values.slice(index, index + 1)]);
}

/** One of the {@link words} of a text. */
export function oneOf(text: TemplateStringsArray, ...values: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...words(text, ...values));
}

/** A value of one of several generators, which are chosen by weight. */
export function weighted<T>(...choices: readonly (readonly [weight: number, fc.Arbitrary<T>])[]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}
