import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { formatCount, formatShortCount } from '../format/numbers.js';
import { formatTime, type TimeShape } from '../format/times.js';
import { COUNT_STEPS, topOf } from './axis.js';

/** A line of a chart. Null is a gap. */
export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** Number of a colour of the style sheet, from 1. */
  readonly color: number;
  readonly isDashed?: boolean;
}

export interface TimeChartProps {
  /** The caption, which screen readers read too. */
  readonly title: string;
  /** Milliseconds since the epoch, ascending. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly zone: string;
  readonly shape: TimeShape;
  /** The shape of the times below the chart, if it is a shorter one. */
  readonly axisShape?: TimeShape;
  readonly isBars?: boolean;
  readonly format?: (value: number | null | undefined) => string;
  /** Default: counts, in whole steps. */
  readonly formatAxis?: (value: number) => string;
}

const HEIGHT = 200;

/** A chart over time. The value under the pointer is in its caption. */
export function TimeChart(props: TimeChartProps) {
  const { title, times, series, zone, shape, format = formatCount } = props;
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [pointed, setPointed] = useState<number | null>(null);
  const layout = JSON.stringify([series.map(({ label, color, isDashed }) => [label, color, isDashed]), zone, shape]);

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(latest.current, element, setPointed), dataOf(latest.current), element);
    };
    draw();
    const resize = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resize.observe(element);
    const theme = matchMedia('(prefers-color-scheme: dark)');
    theme.addEventListener('change', draw);
    return () => {
      resize.disconnect();
      theme.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [layout]);

  useEffect(() => {
    plot.current?.setData(dataOf(props));
  }, [times, series]);

  const at = pointed === null ? undefined : times[pointed];
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="legend">
          {at !== undefined && <span class="chart-time">{formatTime(at, shape, zone)}</span>}
          {series.map(({ label, color, values, isDashed }) => (
            <span key={label} class={`legend-item${isDashed ? ' is-dashed' : ''}`}>
              <span class={`swatch color-${color}`} aria-hidden="true" />
              {label}
              {pointed !== null && <b> {format(values[pointed])}</b>}
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={frame} class="chart-frame" role="img" aria-label={summaryOf(props)} />
    </figure>
  );
}

function summaryOf({ title, times, series, zone, shape, format = formatCount }: TimeChartProps): string {
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return `${title}: no data`;
  const most = series.map(({ label, values }) => {
    const numbers = values.filter((value) => value !== null);
    return `${label}: at most ${format(numbers.length === 0 ? null : Math.max(...numbers))}`;
  });
  return `${title}, ${formatTime(first, shape, zone)} to ${formatTime(last, shape, zone)}. ${most.join('. ')}.`;
}

function dataOf({ times, series }: TimeChartProps): uPlot.AlignedData {
  return [times.map((time) => time / 1_000), ...series.map(({ values }) => [...values])];
}

function optionsOf(
  props: TimeChartProps,
  element: HTMLElement,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const { series, zone, shape, axisShape = shape, isBars = false, formatAxis } = props;
  const style = getComputedStyle(element);
  const colorOf = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const font = `12px ${style.fontFamily}`;
  const axis = { stroke: colorOf('muted'), font, ticks: { show: false }, gap: 6 };
  const bars = uPlot.paths.bars?.({ size: [0.75, 24], radius: 0.15 });
  return {
    width: element.clientWidth,
    height: HEIGHT,
    // Times below the chart are centred, also at its ends.
    padding: axisShape === 'moment' ? [8, 56, 0, 16] : [8, 36, 0, 0],
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { show: !isBars },
    },
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
    scales: {
      ...(isBars ? { x: { range: (plot) => widened(plot.data[0]) } } : {}),
      y: { range: (_plot, _least, most) => [0, topOf(most)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 30,
        space: axisShape === 'moment' ? 130 : 80,
        ...timeSteps(axisShape),
        values: (_plot, splits) => splits.map((split) => formatTime(1_000 * split, axisShape, zone)),
      },
      {
        ...axis,
        size: 44,
        space: 44,
        grid: { stroke: colorOf('line'), width: 1 },
        ...(formatAxis === undefined ? { incrs: COUNT_STEPS } : {}),
        values: (_plot, splits) => splits.map((split) => (formatAxis ?? formatShortCount)(split)),
      },
    ],
    series: [
      {},
      ...series.map(({ label, color, isDashed }): uPlot.Series => {
        const stroke = colorOf(`color-${color}`);
        return {
          label,
          stroke,
          width: isBars ? 0 : 2,
          ...(isBars ? { fill: stroke, ...(bars === undefined ? {} : { paths: bars }) } : {}),
          ...(isDashed ? { dash: [4, 4], width: 1.5 } : {}),
          points: { show: !isBars && props.times.length < 3, size: 6, fill: stroke },
        };
      }),
    ],
  };
}

/** The distances between the times below the chart. The texts of two times would be equal at a shorter distance. */
function timeSteps(shape: TimeShape): { incrs?: number[] } {
  const days = { date: [1, 2, 7, 14, 28, 91, 365], month_axis: [30, 90, 180, 365, 1_825] }[shape as string];
  return days === undefined ? {} : { incrs: days.map((count) => count * 86_400) };
}

/** The range of the times, with space for half a bar at both ends. */
function widened(times: ArrayLike<number>): [number, number] {
  const [first = 0, second = first + 1, last = second] = [times[0], times[1], times[times.length - 1]];
  const half = (second - first) / 2;
  return [first - half, last + half];
}
