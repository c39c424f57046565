import type { PolicyResult, Timeline } from "../../sim/result/result.ts";
import { COUNT_LABEL, ticksFromZero } from "./scales.ts";
import { type ChartSpec, chart, hex, type Layer } from "./theme.ts";
import type { TimelineModel } from "./timelineModel.ts";
import {
  faultLayers,
  line,
  type PanelOptions,
  panelSize,
  stepRows,
  timeEncoding,
  yAxis,
} from "./timelinePanels.ts";

type TopicTimeline = NonNullable<Timeline["topics"]>[number];

/** Topics and groups that have a panel, in order. */
export function topicsOf({ timelines }: TimelineModel): readonly TopicTimeline[] {
  const [first] = timelines.values();
  return first?.topics ?? [];
}

/** Messages that wait, over those that workers have; one scale for all policies. */
export function topicPanel(
  policy: PolicyResult,
  place: number,
  model: TimelineModel,
  options: PanelOptions,
): ChartSpec | null {
  const all = [...model.timelines.values()].flatMap(({ topics = [] }) => topics[place] ?? []);
  const topic = model.timelines.get(policy.name)?.topics?.[place];
  if (topic === undefined) return null;
  const most = all
    .flatMap(({ waiting, working }) => [...waiting, ...working])
    .reduce((high, count) => Math.max(high, count), 1);
  const x = timeEncoding(model, options);
  const y = yAxis(ticksFromZero(most, 3), COUNT_LABEL);
  const rows = stepRows(model, { waiting: topic.waiting, working: topic.working }, "start");
  const waits: Layer = {
    data: { values: rows },
    mark: { type: "area", interpolate: "step-after", color: hex("red"), opacity: 0.3 },
    encoding: { x, y: { ...y, field: "waiting" } },
  };
  const step = { interpolate: "step-after" };
  return chart(
    panelSize(options, options.width > 400 ? 110 : 90),
    `Messages of ${topic.topic} that wait and that ${topic.group} have in work under ` +
      `${policy.name}; figures in the table`,
    [
      waits,
      line(rows, x, { ...y, field: "waiting" }, { ...step, color: hex("red") }),
      line(rows, x, { ...y, field: "working" }, { ...step, color: hex("blue") }),
      ...faultLayers(model, x, true),
    ],
  );
}
