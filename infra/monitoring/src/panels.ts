import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  type DataSourceRef,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  MappingType,
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The datasource that is selected above the dashboard. */
export const DATASOURCE: DataSourceRef = { type: 'prometheus', uid: `\${datasource}` };

/** The units in use, by their names in Grafana. */
type Unit = 'reqps' | 'eps' | 'ops' | 's' | 'percentunit' | 'bytes' | 'short';

/** Thresholds between good and bad values. */
type Limits = readonly Threshold[];

interface Face {
  /** The content of the panel, and its normal values. */
  readonly description: string;
  /** Queries by their names in the legend, which may contain labels: `{{service}}`. */
  readonly queries: Readonly<Record<string, string>>;
  readonly limits?: Limits;
  /** Columns; a row has 24. By default 4 for a number and 8 for a chart. */
  readonly width?: number;
}

interface StatFace extends Face {
  /** Texts that replace values. */
  readonly words?: Readonly<Record<number, string>>;
  /** Text while no value exists, where that is normal. */
  readonly nothing?: string;
  /** One value for the whole time range, queried at its end. */
  readonly overall?: boolean;
}

/** Larger values are worse. */
export function atMost(good: number, fair: number): Limits {
  return [
    { value: null, color: 'green' },
    { value: good, color: 'yellow' },
    { value: fair, color: 'red' },
  ];
}

/** Smaller values are worse. */
export function atLeast(good: number, fair: number): Limits {
  return [
    { value: null, color: 'red' },
    { value: fair, color: 'yellow' },
    { value: good, color: 'green' },
  ];
}

const NEUTRAL: Limits = [{ value: null, color: 'blue' }];

/** A panel of one or a few numbers. */
export function stat(title: string, unit: Unit, face: StatFace): Builder<Panel> {
  return new StatBuilder()
    .title(title)
    .description(face.description)
    .datasource(DATASOURCE)
    .unit(unit)
    .span(face.width ?? 4)
    .height(4)
    .thresholds(thresholds(face.limits ?? NEUTRAL))
    .mappings(mappings(face.words))
    .noValue(face.nothing ?? 'no data')
    .colorMode(BigValueColorMode.Value)
    .graphMode(face.overall || face.words ? BigValueGraphMode.None : BigValueGraphMode.Area)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .targets(queries(face).map((query) => (face.overall ? query.instant() : query.range())));
}

/** A panel of values over time. */
export function chart(title: string, unit: Unit, face: Face & { readonly stacked?: boolean }): Builder<Panel> {
  const panel = new TimeSeriesBuilder()
    .title(title)
    .description(face.description)
    .datasource(DATASOURCE)
    .unit(unit)
    .span(face.width ?? 8)
    .height(8)
    .min(0)
    .lineWidth(1)
    .fillOpacity(face.stacked ? 30 : 10)
    .stacking(new StackingConfigBuilder().mode(face.stacked ? StackingMode.Normal : StackingMode.None))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs(['lastNotNull', 'max']),
    )
    .targets(queries(face).map((query) => query.range()));
  if (face.limits === undefined) return panel;
  return panel
    .thresholds(thresholds(face.limits))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
}

const REF_IDS = 'ABCDEFGH';

function queries(face: Face): DataqueryBuilder[] {
  return Object.entries(face.queries).map(([legend, expr], index) =>
    new DataqueryBuilder().refId(REF_IDS.charAt(index)).datasource(DATASOURCE).expr(expr).legendFormat(legend),
  );
}

function thresholds(limits: Limits): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...limits]);
}

function mappings(words: StatFace['words']): ValueMapping[] {
  if (words === undefined) return [];
  const options = Object.entries(words).map(([value, text]) => [value, { text }]);
  return [{ type: MappingType.ValueToText, options: Object.fromEntries(options) }];
}
