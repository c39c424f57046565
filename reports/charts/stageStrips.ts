import type { RolloutOutcome } from "../../sim/result/result.ts";
import { clock, plain } from "../format.ts";
import { OUTCOME_WORDS, outcomeText } from "../rolloutWords.ts";
import { shorten, textWidth } from "./labelPlaces.ts";
import { lastOf, timeTicks, timeUnit } from "./scales.ts";
import {
  type ChartSize,
  type ChartSpec,
  chart,
  hex,
  labels,
  plotWidth,
  position,
} from "./theme.ts";

export interface Strip {
  readonly name: string;
  readonly rollout: RolloutOutcome;
}

const ROW_HEIGHT = 30;
const FONT_SIZE = 11;

export function stageStripsSize(strips: number, width: number): ChartSize {
  const padding = { left: width > 400 ? 170 : 112, right: 10, top: 2, bottom: 38 };
  return { width, height: strips * ROW_HEIGHT + padding.top + padding.bottom, padding };
}

interface Segment {
  readonly from: number;
  readonly to: number;
  readonly percent: number;
  readonly last: boolean;
}

/** A stage lasts until the next begins; the last until the rollout ends. */
function segmentsOf({ stages, endSeconds }: RolloutOutcome): readonly Segment[] {
  return stages.map((stage, index): Segment => {
    const next = stages[index + 1];
    const previous = stages[index - 1];
    const usual = previous === undefined ? 60 : stage.startSeconds - previous.startSeconds;
    const to = next?.startSeconds ?? endSeconds ?? stage.startSeconds + usual;
    const { percent, startSeconds } = stage;
    return {
      from: startSeconds,
      to: Math.max(to, startSeconds),
      percent,
      last: next === undefined,
    };
  });
}

/** Green where a release is promoted, red where it is rolled back, blue before. */
function paint(segment: Segment, { outcome }: RolloutOutcome): { color: string; opacity: number } {
  if (segment.last && outcome === "rolled-back") return { color: hex("red"), opacity: 1 };
  if (segment.last && outcome === "promoted") return { color: hex("green"), opacity: 1 };
  return { color: hex("bluel"), opacity: 0.25 + 0.75 * Math.min(1, segment.percent / 50) };
}

/** As much of the outcome as fits into so many pixels; all of it stands in the table. */
function outcomeWithin(rollout: RolloutOutcome, pixels: number): string {
  const word = OUTCOME_WORDS[rollout.outcome];
  const time = rollout.endSeconds === null ? "" : clock(rollout.endSeconds);
  const brief = time === "" ? word : `${word} at ${time}`;
  const candidates = [outcomeText(rollout), brief, word, time];
  return candidates.find((text) => textWidth(text, FONT_SIZE) <= pixels) ?? "";
}

/** Rollouts stage by stage, each ending in what became of it and why. */
export function stageStrips(strips: readonly Strip[], size: ChartSize): ChartSpec {
  const parts = strips.map(({ rollout }) => segmentsOf(rollout));
  const end = Math.max(60, ...parts.flat().map((segment) => segment.to));
  const unit = timeUnit(end);
  const pixels = plotWidth(size) / end;
  const bars = strips.flatMap(({ rollout }, row) =>
    parts[row]!.map((segment) => {
      const text = `${plain(segment.percent)} %`;
      const room = (segment.to - segment.from) * pixels - 4;
      const dark = segment.last && rollout.outcome !== "unfinished";
      return {
        row,
        from: segment.from / unit.seconds,
        to: segment.to / unit.seconds,
        middle: (segment.from + segment.to) / 2 / unit.seconds,
        text: textWidth(text, FONT_SIZE) < room ? text : "",
        ...paint(segment, rollout),
        textColor: hex(dark ? "bg" : "ink"),
      };
    }),
  );
  const outcomes = strips.flatMap(({ rollout }, row) => {
    const stop = parts[row]!.at(-1)?.to ?? 0;
    const text = outcomeWithin(rollout, (end - stop) * pixels - 8);
    const color = hex(rollout.outcome === "rolled-back" ? "red" : "muted");
    return text === "" ? [] : [{ row, stop: stop / unit.seconds, text, color }];
  });
  const names = strips.map(({ name }, row) => ({
    row,
    text: shorten(name, size.width > 400 ? 25 : 16),
  }));
  const y = { field: "row", type: "ordinal", scale: { padding: 0.2 }, axis: null };
  const scale = { domain: [0, end / unit.seconds], nice: false };
  const ticks = timeTicks(end / unit.seconds, size.width > 400 ? 8 : 4);
  const axis = {
    values: ticks.filter((tick) => tick <= lastOf(ticks)),
    title: `${unit.name} since the rollout began`,
    titlePadding: 6,
  };
  const at = (field: string) => position(field, scale, axis);
  const constant = (field: string) => ({ field, type: "nominal", scale: null });
  return chart(
    size,
    "Stages of each rollout over time; the table below holds outcomes and reasons",
    [
      {
        data: { values: bars },
        mark: { type: "bar", stroke: hex("bg"), strokeWidth: 2 },
        encoding: {
          x: at("from"),
          x2: { field: "to" },
          y,
          color: constant("color"),
          opacity: { field: "opacity", type: "quantitative", scale: null },
        },
      },
      labels(
        bars.filter((bar) => bar.text !== ""),
        { fontSize: FONT_SIZE },
        { x: at("middle"), y, color: constant("textColor") },
      ),
      labels(outcomes, { align: "left", dx: 8 }, { x: at("stop"), y, color: constant("color") }),
      labels(names, { align: "right", dx: -6 }, { x: { value: 0 }, y }),
    ],
  );
}
