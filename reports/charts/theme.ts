/** One colour, one meaning, everywhere; policies get position and name, never a colour. */
export const PALETTE = {
  /** Text; traffic; measured. */
  ink: { light: "#1b1f24", dark: "#e7e9ec" },
  /** Axes, intervals. */
  muted: { light: "#57606a", dark: "#a3acb6" },
  axis: { light: "#8c959f", dark: "#6b7580" },
  grid: { light: "#e6e9ed", dark: "#2a3037" },
  bg: { light: "#ffffff", dark: "#14171b" },
  soft: { light: "#f5f7f9", dark: "#1b1f25" },
  /** Ready, capacity, service, simulated. */
  blue: { light: "#0065a8", dark: "#5cb3ee" },
  /** Band of what is blue; never text. */
  bluel: { light: "#7fb7dd", dark: "#2f6f9f" },
  /** Wanted, deciding. */
  orange: { light: "#b35400", dark: "#f2a154" },
  /** Short, queue, objective; bad. */
  red: { light: "#b3372b", dark: "#ff8a75" },
  /** Latency, timeouts. */
  purple: { light: "#78449b", dark: "#cb9ef0" },
  /** Band of what is purple; never text. */
  purplel: { light: "#c4a6d8", dark: "#6d4a88" },
  /** Created, bringing up; good. */
  green: { light: "#00694e", dark: "#4fcfa4" },
  /** Faults, other, downstream. */
  grey: { light: "#69727c", dark: "#8d97a2" },
} as const;

export type TokenName = keyof typeof PALETTE;

/** The light colour of a token: what specs are written in. */
export function hex(token: TokenName): string {
  return PALETTE[token].light;
}

export type SpecValue =
  | string
  | number
  | boolean
  | null
  | readonly SpecValue[]
  | { readonly [key: string]: SpecValue };

/** A Vega-Lite specification, as plain data. */
export type ChartSpec = {
  /** What the picture shows, for those who do not see it. */
  readonly description: string;
  readonly [key: string]: SpecValue;
};

/** One layer of a chart: data, mark and encoding. */
export type Layer = { readonly [key: string]: SpecValue };

/** A row of inline data. */
export type Row = { readonly [key: string]: string | number | boolean | null };

export interface Padding {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The whole picture, padding included; charts of a row share it, so that their axes align. */
export interface ChartSize {
  readonly width: number;
  readonly height: number;
  readonly padding: Padding;
}

export function plotWidth(size: ChartSize): number {
  return size.width - size.padding.left - size.padding.right;
}

export function plotHeight(size: ChartSize): number {
  return size.height - size.padding.top - size.padding.bottom;
}

const CONFIG = {
  background: null,
  font: "system-ui",
  view: { stroke: null },
  axis: {
    domain: false,
    ticks: false,
    gridColor: hex("grid"),
    domainColor: hex("axis"),
    tickColor: hex("axis"),
    tickSize: 3,
    labelColor: hex("muted"),
    titleColor: hex("muted"),
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: 400,
    labelPadding: 4,
    labelOverlap: false,
    labelBound: false,
  },
  axisX: { grid: false, domain: true, ticks: true },
  line: { strokeWidth: 1.5, strokeJoin: "round" },
  text: { fontSize: 11, color: hex("ink") },
  legend: { disable: true },
} as const;

/**
 * A chart of layers with its size fixed: no text is measured, so that the same spec gives the
 * same picture whatever fonts the machine that renders it has.
 */
export function chart(size: ChartSize, description: string, layer: readonly Layer[]): ChartSpec {
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description,
    width: plotWidth(size),
    height: plotHeight(size),
    padding: { ...size.padding },
    autosize: { type: "none" },
    config: CONFIG,
    layer,
  };
}

/** The encoding of one channel. */
export type Channel = { readonly [key: string]: SpecValue };

/** A quantitative position; layers that share an axis must be given the same objects. */
export function position(field: string, scale: SpecValue, axis: SpecValue): Channel {
  return { field, type: "quantitative", scale, axis };
}

/** Text at fixed places, each row with its own `text`. */
export function labels(
  rows: readonly Row[],
  mark: { readonly [key: string]: SpecValue },
  encoding: { readonly [key: string]: SpecValue },
): Layer {
  return {
    data: { values: rows },
    mark: { type: "text", baseline: "middle", ...mark },
    encoding: { ...encoding, text: { field: "text", type: "nominal" } },
  };
}
