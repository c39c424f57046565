import type { Result } from "../../../sim/result/result.ts";
import { countText, plural, span } from "../../format.ts";
import { reproduceCommand } from "../../reproduce.ts";
import { selectionSentences } from "../../selectionWords.ts";
import {
  adjustmentText,
  batchText,
  levelText,
  runsOf,
  stoppingText,
  warmUpText,
} from "../../verdict.ts";
import { commandHtml, html, nothing, type SafeHtml } from "../html.ts";
import type { Section } from "./shared.ts";

export function sureSection(result: Result): Section {
  const { scenario } = result;
  const selection = selectionSentences(result).join(" ");
  const stopping = stoppingText(result);
  const left: readonly Entry[] =
    result.policies.length === 0
      ? [["Intervals", `${levelText(result)}, of the share of rollouts`]]
      : [
          ["Replications", replicationsText(result)],
          ["Intervals", intervalsText(result)],
          ...(selection === "" ? [] : [["Choice", selection] as const]),
          ...(stopping === null ? [] : [["Stopping", stopping] as const]),
          ["Warm-up", discardedText(result)],
          ["Arrivals", `${scenario.arrivals}; ${droppedText(result)}`],
          ["Balance", balanceText(result)],
        ];
  const right: readonly Entry[] = [
    ["World", result.world],
    ["Seed", String(scenario.seed)],
    ["Version", `peakday ${result.peakday}, result version ${result.version}`],
    ["Scenario", html`${scenario.file}, digest <code>${scenario.digest}</code>`],
    ["Trace digest", html`<code>${result.digest}</code> (same with any number of workers)`],
    [
      "Reproduce",
      html`where ${scenario.file} lies (in a checkout <code>npm run -s peakday --</code> for <code
        >peakday</code>): <pre>${commandHtml(reproduceCommand(result))}</pre>`,
    ],
  ];
  return {
    id: "sure",
    short: "How sure",
    title: "How sure is this?",
    lead: nothing,
    body: html`<div class="half">${listHtml(left)}${listHtml(right)}</div>`,
  };
}

type Entry = readonly [string, SafeHtml | string];

function listHtml(entries: readonly Entry[]): SafeHtml {
  return html`<dl class="kv">${entries.map(
    ([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>
`,
  )}</dl>`;
}

/** Whether replication k met as many requests under every policy. */
function sameCustomers(result: Result): boolean {
  const [first, ...others] = result.policies;
  return others.every(({ replications }) =>
    replications.every(({ requests }, k) => requests === first?.replications[k]?.requests),
  );
}

function discardedText(result: Result): string {
  const found = warmUpText(result);
  if (found !== null) return `${found}; discarded`;
  const { warmUpSeconds } = result.scenario;
  return warmUpSeconds > 0 ? `${span(warmUpSeconds)} before the measured time, discarded` : "none";
}

function replicationsText(result: Result): string {
  const runs = runsOf(result);
  const requests = result.policies[0]?.replications[0]?.requests ?? 0;
  if (result.policies.length < 2) {
    return `${plural(runs, "replication")} of about ${countText(requests)} requests`;
  }
  const same = sameCustomers(result)
    ? `: replication k meets the same ${countText(requests)} requests under every policy`
    : "";
  return `${runs} per policy, common random numbers${same}`;
}

function intervalsText(result: Result): string {
  const runs = runsOf(result);
  const batches = batchText(result);
  if (batches !== null) return `${levelText(result)}, Student t, ${batches}`;
  if (runs < 2) return "none: one replication shows no spread; run more to see how sure this is";
  const adjustment = adjustmentText(result);
  const adjusted = adjustment === null ? "" : `, ${adjustment}`;
  const paired = result.comparisons.length > 0 ? `; differences are paired${adjusted}` : "";
  return `${levelText(result)}, Student t, ${plural(runs - 1, "degree")} of freedom${paired}`;
}

function droppedText(result: Result): string {
  const dropped = result.policies
    .flatMap(({ replications }) => replications.map((run) => run.dropped))
    .reduce((sum, count) => sum + count, 0);
  return dropped === 0 ? "none dropped" : `${dropped} dropped, so the open model is broken`;
}

function balanceText(result: Result): string {
  const runs = result.policies.flatMap(({ replications }) => replications);
  if (runs.some((run) => run.inFlight === null)) {
    return "requests in flight at the end are not known";
  }
  const off = runs.filter(
    ({ requests, completed, failed, inFlight }) =>
      requests !== completed + failed + (inFlight ?? 0),
  );
  return off.length === 0
    ? `arrivals = completions + failures + in flight, in all ${plural(runs.length, "run")}`
    : `arrivals differ from completions + failures + in flight in ${plural(off.length, "run")}`;
}

/** Facts of the scenario and what it assumes, with the lines where they stand. */
export function assumptionsSection(result: Result): Section | null {
  const { notes, file } = result.scenario;
  if (notes.length === 0) return null;
  type Kind = (typeof notes)[number]["kind"];
  const list = (title: string, ...kinds: readonly Kind[]): SafeHtml => {
    const items = notes.filter(({ kind }) => kinds.includes(kind));
    if (items.length === 0) return nothing;
    const entries = items.map(
      ({ text, line }) => html`<li>${text} <code>:${line}</code></li>
`,
    );
    return html`<h3>${title}</h3><ul class="list">${entries}</ul>`;
  };
  return {
    id: "assume",
    short: "Assumptions",
    title: "Assumptions and facts",
    lead: html`Of ${file}, with the line.`,
    body: html`${list("Marked as assumed", "assumed")}${list("Marked as facts", "fact")}${list(
      "Found in the manifests",
      ...(["without-effect", "not-modelled"] as const),
    )}`,
  };
}
