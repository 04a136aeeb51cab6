import type { ComponentChildren } from 'preact';
import { BROWSER_ZONE, zoneName } from '../format/times.js';
import { ChoiceField, TextField } from '../parts/form-field.js';
import { CLICK_MODE_LABELS, FIELD_LABELS, STATUS_LABELS } from './ad-fields.js';
import { type AdTexts, NEW_COMPANION, NEW_MEDIA } from './form.js';
import { CompanionFields, MediaFields } from './media-fields.js';
import { type Saving, SavingProblem } from './saving.js';

export interface AdFormProps {
  readonly texts: AdTexts;
  /** Takes the texts that differ. */
  readonly onChange: (part: Partial<AdTexts>) => void;
  readonly saving: Saving;
  readonly onSave: () => void;
  readonly isNew: boolean;
  /** Buttons and messages at the end. */
  readonly children: ComponentChildren;
}

type LineName = Exclude<keyof AdTexts, 'media' | 'companion'>;

const CLICK_MODES = Object.entries(CLICK_MODE_LABELS);
const STATUSES = Object.entries(STATUS_LABELS);

/** All fields of an ad. The API checks them, and its errors appear below their fields. */
export function AdForm({ texts, onChange, saving, onSave, isNew, children }: AdFormProps) {
  const { errors } = saving;
  const change = (part: Partial<AdTexts>) => {
    saving.forget(Object.keys(part));
    onChange(part);
  };
  const line = (name: LineName) => ({
    label: FIELD_LABELS[name] ?? name,
    name,
    value: texts[name],
    error: errors.get(name),
    onInput: (value: string) => change({ [name]: value }),
  });
  const submit = (event: Event) => {
    event.preventDefault();
    onSave();
  };
  const zone = `Time in ${zoneName(BROWSER_ZONE)}`;
  return (
    <form class="ad-form" noValidate onSubmit={submit} aria-busy={saving.isBusy}>
      <fieldset class="card">
        <legend>Ad</legend>
        <div class="form-grid">
          <TextField {...line('title')} hint="For people." />
          {isNew ? (
            <TextField
              {...line('id')}
              hint="Events refer to it. It never changes. Empty: a new one."
              placeholder="spring-20s"
            />
          ) : (
            <TextField {...line('id')} isFixed hint="Events refer to it, so it never changes." />
          )}
          <TextField {...line('campaign')} hint="Reports group by it." />
          <TextField {...line('advertiser')} hint="Reports group by it." />
        </div>
      </fieldset>
      <fieldset class="card">
        <legend>Click</legend>
        <TextField
          {...line('target_url')}
          kind="url"
          isRequired
          placeholder="https://shop.example.com/sale?click={click_id}"
          hint={
            <>
              Opened by a click. After the host it may have macros: <code>{'{click_id}'}</code> <code>{'{ad_id}'}</code>{' '}
              <code>{'{campaign}'}</code> <code>{'{placement}'}</code> <code>{'{sid}'}</code> <code>{'{ts}'}</code>{' '}
              <code>{'{sub1}'}</code> to <code>{'{sub5}'}</code>.
            </>
          }
        />
        <ChoiceField {...line('click_mode')} options={CLICK_MODES} />
      </fieldset>
      <fieldset class="card">
        <legend>Delivery</legend>
        <div class="form-grid thirds">
          <ChoiceField {...line('status')} options={STATUSES} hint="Only active ads are served. Events always count." />
          <TextField {...line('starts_at')} kind="time" hint={zone} />
          <TextField {...line('ends_at')} kind="time" hint={zone} />
        </div>
      </fieldset>
      <fieldset class="card">
        <legend>Video</legend>
        <div class="form-grid">
          <TextField {...line('duration_seconds')} kind="number" placeholder="20" hint="Required with media files." />
          <TextField
            {...line('skip_offset')}
            placeholder="00:00:05"
            hint="A time, or a share such as 25%. Empty: not skippable."
          />
        </div>
        <MediaFields files={texts.media} errors={errors} onChange={(media) => change({ media })} />
        <TextField {...line('vast_url')} kind="url" hint="A VAST of another server. Media files are then not used." />
        <p>
          <button type="button" class="button" onClick={() => change({ media: [...texts.media, NEW_MEDIA] })}>
            Add a media file
          </button>
        </p>
      </fieldset>
      <fieldset class="card">
        <legend>Images</legend>
        <TextField {...line('image_url')} kind="url" hint="For catalogues. The page does not load it." />
        {texts.companion === undefined ? (
          <p>
            <button type="button" class="button" onClick={() => change({ companion: NEW_COMPANION })}>
              Add a companion image
            </button>{' '}
            <span class="muted">An image beside the video.</span>
          </p>
        ) : (
          <CompanionFields
            companion={texts.companion}
            errors={errors}
            onChange={(companion) => change({ companion })}
          />
        )}
      </fieldset>
      <div class="form-end">
        <SavingProblem problem={saving.problem} isOfField={(path) => (path.split('.', 1)[0] ?? '') in texts} />
        <div class="buttons">{children}</div>
      </div>
    </form>
  );
}
