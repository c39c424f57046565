import type { Decision, PolicyResult, Result, Timeline } from "../../../sim/result/result.ts";
import {
  type ChartSpec,
  decisionSpots,
  failurePanel,
  latencyPanel,
  type PanelOptions,
  replicaPanel,
  type TimelineModel,
  timelineModel,
  topicPanel,
  topicsOf,
  trafficPanel,
} from "../../charts/index.ts";
import { serviceOf } from "../../charts/timelineModel.ts";
import { failureReasonStyles } from "../../failureReasons.ts";
import { fixed, instant, millisecondDecimals, span } from "../../format.ts";
import { decisionText } from "../../rolloutWords.ts";
import { objectiveText, runsOf, statusText } from "../../verdict.ts";
import { html, nothing, type SafeHtml, tied, trusted } from "../html.ts";
import { renderChart } from "../svg.ts";
import { disclosure, NARROW, type Section, tableHtml, WIDE } from "./shared.ts";

/** Rows of the table beside the charts; more would only repeat them. */
const MOST_TABLE_ROWS = 60;
const MOST_SPOTS = 200;
const MOST_DECISIONS = 400;
const MOST_BESIDE = 7;

export async function timelineSection(result: Result): Promise<Section | null> {
  const model = timelineModel(result);
  if (model === null) return null;
  const { policies } = result;
  const columns: SafeHtml[] = [];
  for (const policy of policies) columns.push(await columnHtml(result, policy, model));
  return {
    id: "time",
    short: "Timeline",
    title: `What happened in the ${span(result.scenario.durationSeconds)}`,
    lead: leadHtml(result, model),
    body: html`${arranged(policies, columns)}
${disclosure("These charts as a table", timeTable(policies, model))}${policies.map(decisionsHtml)}`,
  };
}

/** Policies beside each other; one alone has its first decisions beside it. */
function arranged(policies: readonly PolicyResult[], columns: readonly SafeHtml[]): SafeHtml {
  const [only, ...others] = policies;
  if (only === undefined || others.length > 0) {
    return html`<div class="grid of${columnsFor(policies.length)}">${columns}</div>`;
  }
  const shown = decisionsOf(only).slice(0, MOST_BESIDE);
  const table = shown.length === 0 ? nothing : decisionTable(shown, "The first decisions");
  return html`<div class="two"><div class="solo">${columns}</div><div>${table}</div></div>`;
}

function leadHtml(result: Result, model: TimelineModel): SafeHtml {
  const columns = result.policies.length > 1 ? "One column per policy, one scale per row. " : "";
  const first = (result.policies[0]?.timeline.replication ?? 0) + 1;
  const means = `Replication ${first} of ${runsOf(result)}, ${span(model.binSeconds)} bins.`;
  const scaled = result.policies.some(({ decisions }) =>
    decisions.some((decision) => decision.kind === "scale"),
  );
  const marks = scaled ? " ▲ ▼ are scale decisions (hover or focus for the reason)." : "";
  const faults = model.faults.map(
    ({ letter, timeSeconds, message }) =>
      html` <b>${letter}</b> ${instant(timeSeconds)} ${message}.`,
  );
  const services = new Set(result.policies.flatMap((policy) => servicesOf(policy))).size;
  const of =
    services > 1 && model.service !== null
      ? html` Traffic and capacity are those of ${model.service}.`
      : nothing;
  return html`${columns}${means}${of}${marks}${faults}`;
}

function servicesOf({ timeline }: PolicyResult): readonly string[] {
  return timeline.services.map(({ service }) => service);
}

/** Widths by the number of policies beside each other. */
function widthsOf(policies: number): readonly number[] {
  if (policies === 1) return [WIDE, NARROW];
  if (policies === 2) return [564, NARROW];
  return columnsFor(policies) === 3 ? [NARROW] : [279];
}

/** Five policies are three and two, not four and one. */
function columnsFor(policies: number): number {
  if (policies <= 4) return policies;
  return policies <= 6 || policies === 9 ? 3 : 4;
}

async function columnHtml(
  result: Result,
  policy: PolicyResult,
  model: TimelineModel,
): Promise<SafeHtml> {
  const widths = widthsOf(result.policies.length);
  const panels: SafeHtml[] = [];
  for (const width of widths) panels.push(await panelsHtml(policy, model, width));
  const [wide = nothing, narrow] = panels;
  const both =
    narrow === undefined
      ? wide
      : html`<div class="wide">${wide}</div><div class="narrow">${narrow}</div>`;
  const status =
    objectiveText(result) === null ? nothing : html` <span>${statusText(policy)}</span>`;
  const early = result.policies.length === 2 ? html` class="early"` : nothing;
  const caption = html`<figcaption><b>${policy.name}</b>${status}</figcaption>`;
  return html`<figure${early}>${caption}${both}</figure>
`;
}

interface Panel {
  readonly key: SafeHtml;
  readonly spec: (options: PanelOptions) => ChartSpec | null;
  readonly overlay: (options: PanelOptions) => SafeHtml;
}

const bare = (): SafeHtml => nothing;

function panelsOf(policy: PolicyResult, model: TimelineModel): readonly Panel[] {
  const several = model.scaledServices.length > 1;
  const named = (service: string): string => (several ? `${service} ` : "");
  const objective = model.limitMs === null ? nothing : html`<b class="red">objective</b>`;
  const capacity = model.capacityKnown
    ? html`<b class="blue">capacity</b><b class="red">short</b>`
    : nothing;
  const replicas = model.scaledServices.map(
    (service): Panel => ({
      key: html`${named(service)}replicas:<b class="orange">wanted</b><b class="green">created</b><b
class="blue">ready</b>`,
      spec: (options) => replicaPanel(policy, service, model, options),
      overlay: (options) => spotsHtml(policy, service, model, options),
    }),
  );
  const topics = topicsOf(model).map(
    ({ topic }, place): Panel => ({
      key: html`${topic}:<b class="red">waiting</b><b class="blue">in work</b>`,
      spec: (options) => topicPanel(policy, place, model, options),
      overlay: bare,
    }),
  );
  // Without requests there is nothing else to show.
  if (topics.length > 0 && !hasRequests(model)) return [...topics, ...replicas];
  return [
    ...topics,
    {
      key: html`requests/s:<b class="ink">traffic</b>${capacity}`,
      spec: (options) => trafficPanel(policy, model, options),
      overlay: bare,
    },
    ...replicas,
    {
      key: html`latency:<span class="purple">p50–p99</span><b class="purple">p95</b>${objective}`,
      spec: (options) => latencyPanel(policy, model, options),
      overlay: bare,
    },
    {
      key: failureKey(model),
      spec: (options) => failurePanel(policy, model, options),
      overlay: bare,
    },
  ];
}

const hasRequests = ({ timelines }: TimelineModel): boolean =>
  [...timelines.values()].some(({ arrivalsRps }) => arrivalsRps.some((rps) => rps > 0));

/** Reasons with a swatch, since those of one colour differ in lightness only. */
function failureKey(model: TimelineModel): SafeHtml {
  const reasons = failureReasonStyles(model.reasons).map(({ label, token, opacity }) => {
    const style = trusted(`background:var(--${token});opacity:${opacity}`);
    return html`<b class="${token}"><i class="sw" style="${style}"></i>${label}</b> `;
  });
  return html`failed:${reasons.length === 0 ? " none" : reasons}`;
}

async function panelsHtml(
  policy: PolicyResult,
  model: TimelineModel,
  width: number,
): Promise<SafeHtml> {
  const panels = panelsOf(policy, model);
  const parts: SafeHtml[] = [];
  for (const [index, panel] of panels.entries()) {
    const options = { width, last: index === panels.length - 1 };
    const spec = panel.spec(options);
    if (spec === null) continue;
    const svg = await renderChart(spec);
    parts.push(html`<div class="panel"><p class="key">${panel.key}</p>
<div class="plot">${svg}${panel.overlay(options)}</div></div>
`);
  }
  return html`${parts}`;
}

/**
 * A strip over each decision that shows the reason on hover and focus. Strips end half-way to
 * their neighbours, so that each decision can be reached however close they are.
 */
function spotsHtml(
  policy: PolicyResult,
  service: string,
  model: TimelineModel,
  options: PanelOptions,
): SafeHtml {
  const spots = decisionSpots(policy, service, model, options).slice(0, MOST_SPOTS);
  const reach = 9 / options.width;
  const strips = spots.map(({ decision, left }, index) => {
    const before = spots[index - 1]?.left ?? Number.NEGATIVE_INFINITY;
    const after = spots[index + 1]?.left ?? Number.POSITIVE_INFINITY;
    const start = Math.max(left - reach, (left + before) / 2);
    const end = Math.min(left + reach, (left + after) / 2);
    const time = instant(decision.timeSeconds);
    const change = `${decision.from ?? "?"} → ${decision.to ?? "?"}`;
    const reason = decision.message || decision.reason;
    const shown = html`<b>${time}, ${change}</b>${tied(html`${reason}`)}`;
    const label = `${time} ${change}: ${reason}`;
    const style = trusted(`left:${percent(start)};width:${percent(Math.max(0, end - start))}`);
    const side = left < 0.5 ? "l" : "r";
    return html`<button type="button" class="spot" style="${style}" aria-label="${label}"><span
class="tip ${side}" aria-hidden="true">${shown}</span></button>
`;
  });
  return html`${strips}`;
}

const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;

/** Bins that the table shows: evenly spread over the time. */
function tableBins(timeline: Timeline): readonly number[] {
  const perMinute = Math.max(1, Math.round(60 / timeline.binSeconds));
  const bins = timeline.arrivalsRps.length;
  const every = Math.max(perMinute, Math.ceil(bins / MOST_TABLE_ROWS));
  return Array.from({ length: Math.ceil(bins / every) }, (_, row) => row * every);
}

function timeTable(policies: readonly PolicyResult[], model: TimelineModel): SafeHtml {
  const timelines = policies.map(({ name }) => model.timelines.get(name)!);
  const first = timelines[0]!;
  const heads = policies.map(({ name }) => html`<th scope="colgroup" colspan="3">${name}</th>`);
  const figureHeads = hasRequests(model) ? ["p95 ms", "failed %"] : ["waiting", "in work"];
  const columns = policies.map(() =>
    ["ready", ...figureHeads].map((head) => html`<th scope="col">${head}</th>`),
  );
  const rows = tableBins(first).map((bin) => {
    const figures = timelines.map((timeline) =>
      hasRequests(model)
        ? figureCells(timeline, bin, model.service)
        : topicCells(timeline, bin, model.service),
    );
    const traffic = fixed(first.arrivalsRps[bin] ?? 0, 0);
    const time = instant(bin * first.binSeconds);
    return html`<tr><th scope="row">${time}</th><td>${traffic}</td>${figures}</tr>
`;
  });
  return html`<div class="scroll"><table class="t"><thead><tr><th scope="col" rowspan="2">time</th>
<th scope="col" rowspan="2">traffic<br>requests/s</th>${heads}</tr><tr>${columns}</tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

/** Messages of all topics together. */
function topicCells({ topics = [], services }: Timeline, bin: number, name: string | null) {
  const ready = services.find(({ service }) => service === name)?.ready[bin] ?? null;
  const total = (read: (topic: (typeof topics)[number]) => readonly number[]): string =>
    fixed(
      topics.reduce((sum, topic) => sum + (read(topic)[bin] ?? 0), 0),
      0,
    );
  return html`<td>${ready ?? "–"}</td><td>${total(({ waiting }) => waiting)}</td>
<td>${total(({ working }) => working)}</td>`;
}

function figureCells(timeline: Timeline, bin: number, service: string | null): SafeHtml {
  const ready = service === null ? null : serviceOf(timeline, service)?.ready[bin];
  const p95 = timeline.p95Ms[bin] ?? null;
  const failures = Object.values(timeline.failures).reduce(
    (sum, counts) => sum + (counts[bin] ?? 0),
    0,
  );
  const ended = (timeline.completedRps[bin] ?? 0) * timeline.binSeconds + failures;
  const failed = ended > 0 ? (100 * failures) / ended : 0;
  const latency = p95 === null ? "–" : fixed(p95, millisecondDecimals(p95));
  return html`<td>${ready ?? "–"}</td><td>${latency}</td><td>${fixed(failed, 1)}</td>`;
}

function decisionsOf(policy: PolicyResult): readonly Decision[] {
  return policy.decisions.filter((decision) => decision.kind !== "fault");
}

function decisionTable(decisions: readonly Decision[], caption?: string): SafeHtml {
  const counted = decisions.some(({ from, to }) => from !== null || to !== null);
  const several = new Set(decisions.map(({ subject }) => subject)).size > 1;
  const rows = decisions.map((decision) => {
    const { timeSeconds, from, to, subject } = decision;
    const change = from === null && to === null ? "–" : `${from ?? "?"} → ${to ?? "?"}`;
    const of = several ? [subject] : [];
    const text = tied(html`${decisionText(decision)}`);
    return { cells: [instant(timeSeconds), ...of, ...(counted ? [change] : []), text] };
  });
  const columns = [
    { head: "time" },
    ...(several ? [{ head: "of" }] : []),
    ...(counted ? [{ head: "change" }] : []),
    { head: "reason", text: true },
  ];
  return tableHtml(columns, rows, caption === undefined ? { small: true } : { caption });
}

/** Every decision of a policy with its reason. */
function decisionsHtml(policy: PolicyResult): SafeHtml {
  const decisions = decisionsOf(policy);
  if (decisions.length === 0) return nothing;
  const shown = decisions.slice(0, MOST_DECISIONS);
  const more = decisions.length - shown.length;
  const rest = more > 0 ? html`<p class="note">and ${more} more in result.json</p>` : nothing;
  return disclosure(
    `Every decision of ${policy.name} with its reason (${decisions.length})`,
    html`${decisionTable(shown)}${rest}`,
  );
}
