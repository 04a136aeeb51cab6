import { useEffect, useId, useState } from 'preact/hooks';
import { isZone, offsetName } from '../format/times.js';

/** A choice from a short list. */
export function SelectField<Value extends string>(props: {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [value: Value, label: string])[];
  readonly onChange: (value: Value) => void;
}) {
  const { label, value, options, onChange } = props;
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value as Value)}>
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A date: 2026-11-01. */
export function DateField(props: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (date: string) => void;
}) {
  const { label, value, onChange } = props;
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="date"
        value={value}
        min="1970-01-01"
        max="2099-12-31"
        onChange={({ currentTarget }) => currentTarget.value !== '' && onChange(currentTarget.value)}
      />
    </label>
  );
}

/** A time zone: a name of IANA, with suggestions. A name that does not exist is not taken. */
export function ZoneField({ value, onChange }: { readonly value: string; readonly onChange: (zone: string) => void }) {
  const list = useId();
  const [text, setText] = useState(value);
  const [isWrong, setIsWrong] = useState(false);
  useEffect(() => setText(value), [value]);
  const take = (given: string) => {
    const zone = given.trim().replaceAll(' ', '_');
    const isGood = zone !== '' && isZone(zone);
    setIsWrong(!isGood);
    if (isGood && zone !== value) onChange(zone);
  };
  return (
    <label class="field">
      <span>{isWrong ? 'Time zone does not exist' : `Time zone, ${offsetName(value)}`}</span>
      <input
        value={text}
        list={list}
        spellcheck={false}
        autocomplete="off"
        maxLength={64}
        aria-invalid={isWrong}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onChange={({ currentTarget }) => take(currentTarget.value)}
      />
      <datalist id={list}>
        {['UTC', ...Intl.supportedValuesOf('timeZone')].map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </label>
  );
}
