import type { GroupName } from '@ads/models';
import type { ComponentChildren } from 'preact';
import { addDays } from '../format/times.js';
import { DateField, SelectField, ZoneField } from '../parts/field.js';
import { isFixed } from '../share/share.js';
import { type Choice, FILTER_NAMES, FILTERS, intervalFor } from './choice.js';
import { GROUP_LABELS, INTERVAL_LABELS, metricOf, SHOWN_METRIC_NAMES, type ShownInterval } from './metrics.js';
import { daysOf, RANGES, type RangeName } from './ranges.js';

export interface ControlsProps {
  readonly choice: Choice;
  readonly onChange: (change: Partial<Choice>) => void;
  /** After all fields. */
  readonly end?: ComponentChildren;
}

const RANGE_OPTIONS = Object.entries(RANGES) as [RangeName, string][];
const INTERVAL_OPTIONS = Object.entries(INTERVAL_LABELS) as [ShownInterval, string][];
const GROUP_OPTIONS = [['', 'Nothing'], ...Object.entries(GROUP_LABELS)] as [GroupName | '', string][];
const METRIC_OPTIONS = SHOWN_METRIC_NAMES.map((name) => [name, metricOf(name).label] as const);

/** Everything that can be chosen about a report. */
export function Controls({ choice, onChange, end }: ControlsProps) {
  const { interval, group } = choice;
  return (
    <RangeControls choice={choice} onChange={onChange} end={end}>
      <SelectField
        label="Interval"
        value={interval}
        options={INTERVAL_OPTIONS}
        onChange={(next) => onChange({ interval: next, sort: undefined })}
      />
      <SelectField
        label="Group by"
        value={group}
        options={GROUP_OPTIONS}
        onChange={(next) => onChange({ group: next, sort: undefined })}
      />
      <Filters choice={choice} onChange={onChange} />
    </RangeControls>
  );
}

/** The range, its time zone, what the chart shows, and the filters. @param children further fields */
export function RangeControls({
  choice,
  onChange,
  end,
  children,
}: ControlsProps & { readonly children?: ComponentChildren }) {
  const { range, from, to, tz, metric, compare } = choice;
  const chooseRange = (next: RangeName) => {
    // Custom dates begin with those that were shown before.
    const days = daysOf(choice, Date.now());
    const dates = next === 'custom' ? { from: days.from, to: addDays(days.to, -1) } : { from, to };
    onChange({ range: next, ...dates, interval: intervalFor(next, dates), sort: undefined });
  };
  const chooseDates = (dates: { readonly from: string; readonly to: string }) =>
    onChange({ ...dates, interval: intervalFor('custom', dates) });
  return (
    <form class="card controls" onSubmit={(event) => event.preventDefault()}>
      <SelectField label="Range" value={range} options={RANGE_OPTIONS} onChange={chooseRange} />
      {range === 'custom' && (
        <>
          <DateField
            label="First day"
            value={from}
            onChange={(date) => chooseDates({ from: date, to: [date, to].toSorted().at(-1) ?? date })}
          />
          <DateField
            label="Last day"
            value={to}
            onChange={(date) => chooseDates({ from: [date, from].toSorted().at(0) ?? date, to: date })}
          />
        </>
      )}
      <ZoneField value={tz} onChange={(zone) => onChange({ tz: zone })} />
      {children}
      <SelectField
        label="Show"
        value={metric}
        options={METRIC_OPTIONS}
        onChange={(next) => onChange({ metric: next })}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={compare}
          onChange={({ currentTarget }) => onChange({ compare: currentTarget.checked })}
        />
        <span>Compare with the period before</span>
      </label>
      {end}
    </form>
  );
}

function Filters({ choice, onChange }: ControlsProps) {
  const { filters } = choice;
  const remove = (name: keyof Choice['filters']) => {
    const { [name]: _, ...others } = filters;
    onChange({ filters: others });
  };
  const set = FILTER_NAMES.filter((name) => filters[name] !== undefined && !isFixed(name));
  if (set.length === 0) return null;
  return (
    <div class="chips">
      {set.map((name) => (
        <button key={name} type="button" class="chip" onClick={() => remove(name)}>
          {GROUP_LABELS[FILTERS[name]]}: <bdi>{filters[name]}</bdi>
          <span aria-hidden="true"> ×</span>
          <span class="unseen">, remove this filter</span>
        </button>
      ))}
    </div>
  );
}
