import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

/** The properties that all kinds of form fields have. */
export interface FormFieldProps {
  readonly label: string;
  /** The path of the value in the request, by which errors name the field. */
  readonly name: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** Shown below the field. */
  readonly hint?: ComponentChildren;
  readonly error?: string | undefined;
  readonly isRequired?: boolean;
}

/** The label, the hint and the error of a field. @param children gets the attributes of the input */
function Labelled(props: {
  readonly field: FormFieldProps;
  readonly children: (attributes: {
    readonly id: string;
    readonly name: string;
    readonly required: boolean;
    readonly 'aria-invalid': boolean;
    readonly 'aria-describedby': string;
  }) => ComponentChildren;
}) {
  const { label, name, hint, error, isRequired = false } = props.field;
  const id = useId();
  return (
    <div class="field form-field">
      <label for={id}>
        {label}
        {isRequired && <span class="muted"> (required)</span>}
      </label>
      {props.children({
        id,
        name,
        required: isRequired,
        'aria-invalid': error !== undefined,
        'aria-describedby': `${id}-error ${id}-hint`,
      })}
      <p id={`${id}-error`} class="field-error">
        {error !== undefined && errorText(props.field, error)}
      </p>
      <p id={`${id}-hint`} class="hint">
        {hint}
      </p>
    </div>
  );
}

const KINDS = {
  text: { type: 'text', dir: 'auto' },
  url: { type: 'url', dir: 'ltr' },
  number: { type: 'number', step: 'any', min: 0 },
  time: { type: 'datetime-local' },
} as const;

/** The message of the API, which begins with the path of the field, with the label instead. */
function errorText({ label, name }: FormFieldProps, error: string): string {
  const path = name.replaceAll(/\.(\d+)/g, '[$1]');
  return error.startsWith(`${path} `) ? `${label}${error.slice(path.length)}` : error;
}

/** A line of text, which also holds a number or a time. */
export function TextField(
  props: FormFieldProps & {
    readonly kind?: keyof typeof KINDS;
    readonly placeholder?: string;
    readonly isFixed?: boolean;
  },
) {
  const { kind = 'text', placeholder, isFixed = false, value, onInput } = props;
  return (
    <Labelled field={props}>
      {(attributes) => (
        <input
          {...attributes}
          {...KINDS[kind]}
          value={value}
          placeholder={placeholder}
          readOnly={isFixed}
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
      )}
    </Labelled>
  );
}

/** A choice from a short list. */
export function ChoiceField(props: FormFieldProps & { readonly options: readonly (readonly [string, string])[] }) {
  return (
    <Labelled field={props}>
      {(attributes) => (
        <select
          {...attributes}
          value={props.value}
          onChange={({ currentTarget }) => props.onInput(currentTarget.value)}
        >
          {props.options.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}
