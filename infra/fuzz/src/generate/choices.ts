import fc from 'fast-check';

/** Splits a text into words. Each value in it is a word of its own, which may contain spaces or be empty: `a b ${' c '}`. */
export function words(text: TemplateStringsArray, ...values: readonly string[]): string[] {
  return text.flatMap((part, index) => [...(part.match(/[^ \n]+/g) ?? []), ...values.slice(index, index + 1)]);
}

/** Generates one of the {@link words} of a text. */
export function oneOf(text: TemplateStringsArray, ...values: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...words(text, ...values));
}

/** Generates a value with one of several generators, which it chooses by weight. */
export function weighted<T>(...choices: readonly (readonly [weight: number, fc.Arbitrary<T>])[]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}
