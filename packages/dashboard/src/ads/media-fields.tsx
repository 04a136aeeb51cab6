import { ChoiceField, TextField } from '../parts/form-field.js';
import type { CompanionTexts, MediaTexts } from './form.js';
import type { FieldErrors } from './saving.js';

const DELIVERIES = [
  ['progressive', 'Progressive (a file)'],
  ['streaming', 'Streaming (a manifest)'],
] as const;

const MEDIA_LABELS: Readonly<Record<keyof MediaTexts, string>> = {
  url: 'File URL',
  type: 'MIME type',
  width: 'Width in pixels',
  height: 'Height in pixels',
  bitrate: 'Bit rate in kbit/s',
  delivery: 'Delivery',
};

/** The media files of an ad. */
export function MediaFields(props: {
  readonly files: readonly MediaTexts[];
  readonly errors: FieldErrors;
  readonly onChange: (files: readonly MediaTexts[]) => void;
}) {
  const { files, errors, onChange } = props;
  return (
    <>
      {files.map((file, at) => {
        const field = (name: keyof MediaTexts) => ({
          label: MEDIA_LABELS[name],
          name: `media.${at}.${name}`,
          value: file[name],
          error: errors.get(`media.${at}.${name}`),
          onInput: (value: string) => onChange(files.with(at, { ...file, [name]: value })),
        });
        return (
          // The files have no ids, and each input shows the text that it is given.
          <fieldset key={`${at}`} class="part">
            <legend>Media file {at + 1}</legend>
            <TextField {...field('url')} kind="url" isRequired />
            <div class="form-grid fifths">
              <TextField {...field('type')} />
              <ChoiceField {...field('delivery')} options={DELIVERIES} />
              <TextField {...field('width')} kind="number" />
              <TextField {...field('height')} kind="number" />
              <TextField {...field('bitrate')} kind="number" />
            </div>
            <button type="button" class="button" onClick={() => onChange(files.toSpliced(at, 1))}>
              Remove media file {at + 1}
            </button>
          </fieldset>
        );
      })}
      <p class="field-error" role="alert">
        {errors.get('media')}
      </p>
    </>
  );
}

const COMPANION_LABELS: Readonly<Record<keyof CompanionTexts, string>> = {
  image_url: 'Image URL',
  width: 'Width in pixels',
  height: 'Height in pixels',
  target_url: 'Target URL',
  alt_text: 'Alternative text',
};

/** The image beside the video. */
export function CompanionFields(props: {
  readonly companion: CompanionTexts;
  readonly errors: FieldErrors;
  /** Undefined removes it. */
  readonly onChange: (companion: CompanionTexts | undefined) => void;
}) {
  const { companion, errors, onChange } = props;
  const field = (name: keyof CompanionTexts) => ({
    label: COMPANION_LABELS[name],
    name: `companion.${name}`,
    value: companion[name],
    error: errors.get(`companion.${name}`),
    onInput: (value: string) => onChange({ ...companion, [name]: value }),
  });
  return (
    <fieldset class="part">
      <legend>Companion image</legend>
      <TextField {...field('image_url')} kind="url" isRequired />
      <div class="form-grid">
        <TextField {...field('width')} kind="number" />
        <TextField {...field('height')} kind="number" />
      </div>
      <TextField {...field('target_url')} kind="url" hint="Opened by a click on the image. It has no macros." />
      <TextField {...field('alt_text')} hint="Describes the image." />
      <button type="button" class="button" onClick={() => onChange(undefined)}>
        Remove the companion image
      </button>
    </fieldset>
  );
}
