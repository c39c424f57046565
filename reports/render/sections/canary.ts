import type { CanaryResult, Result } from "../../../sim/result/result.ts";
import {
  bugCells,
  bugName,
  type CanaryCell,
  canaryGrid,
  canarySentence,
  detectionText,
  healthyCells,
  marginText,
  rolledBackText,
  rolloutRange,
  shareText,
  stagesText,
  wholePercent,
  widestMargin,
} from "../../canaryWords.ts";
import {
  operatingCharacteristic,
  type Strip,
  stageStrips,
  stageStripsSize,
} from "../../charts/index.ts";
import { clock, fixed, plain } from "../../format.ts";
import { outcomeText } from "../../rolloutWords.ts";
import { answersCanary, levelText } from "../../verdict.ts";
import { html, nothing, type SafeHtml } from "../html.ts";
import { disclosure, HALF, responsive, type Section, tableHtml, WIDE } from "./shared.ts";
import { stageCpuHtml } from "./stageCpu.ts";

const MOST_STRIPS = 10;

export async function canarySection(result: Result): Promise<Section | null> {
  const { canary } = result;
  const strips = stripsOf(result);
  if (canary === null && strips.length === 0) return null;
  const grid = canary === null ? nothing : await gridHtml(result, canary);
  return {
    id: "canary",
    short: "Canary",
    title:
      canary === null
        ? "Rollouts: what became of the new release"
        : "Canary: would the rollout have caught the bad release?",
    lead: canary === null ? nothing : leadHtml(canary, answersCanary(result)),
    body: html`${grid}${await stripsHtml(strips)}${stageCpuHtml(result)}`,
  };
}

/** The sentence that heads the page already is not said twice. */
function leadHtml(canary: CanaryResult, said: boolean): SafeHtml {
  const sentence = canarySentence(canary, canaryGrid(canary).variants[0] ?? "");
  const healthy = shareText(canary.healthyErrorShare);
  const stages = stagesText(canary, ", ");
  return html`${canary.policy}, ${stages}. A release as healthy as production (${healthy} errors)
should pass.${said ? nothing : html` <b>${sentence}</b>`}`;
}

async function gridHtml(result: Result, canary: CanaryResult): Promise<SafeHtml> {
  const chart = await responsive((width) => {
    const padding = { left: 46, right: 16, top: 20, bottom: 40 };
    return operatingCharacteristic(canary, { width, height: 300, padding });
  }, HALF);
  const widest = widestMargin(canary);
  const margin = widest === null ? "" : `; ${widest} % at most (${levelText(result)} interval)`;
  const n = rolloutRange(canary.cells);
  return html`<div class="half"><figure><figcaption><b>Chance of a rollback</b> <span>by true error
share and traffic, n = ${n} each${margin}</span></figcaption>${chart}</figure>
<figure><figcaption><b>Reading it</b> <span>${readingText(canary)}</span></figcaption>
${readingTable(canary)}</figure></div>
${disclosure("The whole grid as a table", wholeTable(canary))}`;
}

/** What the bug of the table is. */
function readingText(canary: CanaryResult): string {
  const [bug] = bugCells(canary, canaryGrid(canary).variants[0] ?? "");
  if (bug === undefined) return "";
  const { errorShare, latencyFactor } = bug;
  const speed = latencyFactor === 1 ? "as quick as production" : `×${plain(latencyFactor)} latency`;
  return `the bug: ${shareText(errorShare)} errors, ${speed}`;
}

/** Healthy releases stopped, bugs caught: what the curves say at their two ends. */
function readingTable(canary: CanaryResult): SafeHtml {
  const rows = canaryGrid(canary).variants.flatMap((variant, index) => {
    const healthy = healthyCells(canary, variant);
    return bugCells(canary, variant).map((bug) => {
      const setting = index === 0 ? nothing : html`<br><span class="none">${variant}</span>`;
      const name = html`${plain(bug.trafficRps)}/s${setting}`;
      const alarms = healthy.find(({ trafficRps }) => trafficRps === bug.trafficRps) ?? null;
      const hurt = bug.usersHurt === null ? "–" : marginText(bug.usersHurt);
      return { cells: [name, alarmCell(alarms), caughtCell(bug), hurt] };
    });
  });
  const columns = [
    { head: "requests" },
    { head: "healthy rolled back" },
    { head: `${bugName(canary)} caught; stage, after` },
    { head: "users hurt" },
  ];
  return tableHtml(columns, rows);
}

function caughtCell(bug: CanaryCell): SafeHtml {
  const { stagePercent, detectionSeconds } = bug;
  if (stagePercent === null || detectionSeconds === null) return html`${rolledBackText(bug)}`;
  const where = `${plain(stagePercent)} %, ${clock(detectionSeconds.mean)}`;
  return html`${rolledBackText(bug)}<br><span class="none">${where}</span>`;
}

/** A false alarm in ten is what most teams would still bear: coloured where that is certain. */
function alarmCell(healthy: CanaryCell | null): SafeHtml | string {
  if (healthy === null) return "–";
  const text = rolledBackText(healthy);
  const { mean, low, high } = healthy.share;
  if ((high ?? mean) <= 0.1) return html`<span class="good">${text}</span>`;
  return (low ?? mean) > 0.1 ? html`<span class="bad">${text}</span>` : text;
}

function wholeTable(canary: CanaryResult): SafeHtml {
  const rows = canary.cells.map((cell) => {
    const { low, high, mean } = cell.share;
    const interval =
      low === null || high === null ? "" : ` [${fixed(100 * low, 0)}, ${fixed(100 * high, 0)}]`;
    const stage = cell.stagePercent === null ? "–" : `${plain(cell.stagePercent)} %`;
    return {
      cells: [
        cell.variant,
        plain(cell.trafficRps),
        shareText(cell.errorShare),
        `×${plain(cell.latencyFactor)}`,
        `${wholePercent(mean)} %${interval}`,
        stage,
        String(cell.rollouts),
        detectionText(cell),
      ],
    };
  });
  const columns = [
    { head: "policy" },
    { head: "requests/s" },
    { head: "errors" },
    { head: "latency" },
    { head: "rolled back" },
    { head: "mostly at" },
    { head: "rollouts" },
    { head: "what happened", text: true },
  ];
  return tableHtml(columns, rows, { small: true });
}

/** Rollouts of the run, then examples of the grid: a healthy release and the bug, by traffic. */
function stripsOf(result: Result): readonly Strip[] {
  const several = result.policies.length > 1;
  const rollouts = result.policies.flatMap((policy) =>
    policy.rollouts.map((rollout): Strip => {
      const name = `${rollout.workload} ${rollout.revision}`;
      return { name: several ? `${policy.name}: ${name}` : name, rollout };
    }),
  );
  return [...rollouts, ...examplesOf(result.canary)].slice(0, MOST_STRIPS);
}

function examplesOf(canary: CanaryResult | null): readonly Strip[] {
  if (canary === null) return [];
  const variant = canaryGrid(canary).variants[0] ?? "";
  const named = (kind: string, cells: readonly CanaryCell[]): readonly Strip[] =>
    cells.map((cell) => ({ name: `${kind}, ${plain(cell.trafficRps)}/s`, rollout: cell.example }));
  return [
    ...named("healthy", healthyCells(canary, variant)),
    ...named(bugName(canary), bugCells(canary, variant)),
  ];
}

async function stripsHtml(strips: readonly Strip[]): Promise<SafeHtml> {
  // Rolling updates have no stages, since nobody judges them.
  const known = strips.filter(({ rollout }) => rollout.stages.length > 0);
  const rows = strips.map(({ name, rollout }) => ({
    cells: [
      name,
      lastStage(rollout),
      rollout.usersHurt === null ? "–" : fixed(rollout.usersHurt, 0),
      outcomeText(rollout),
    ],
  }));
  const columns = [
    { head: "release" },
    { head: "last stage" },
    { head: "users hurt" },
    { head: "outcome", text: true },
  ];
  const table = tableHtml(columns, rows);
  if (known.length === 0) return html`<h3>Releases</h3>${table}`;
  const sized = (width: number) => stageStrips(known, stageStripsSize(known.length, width));
  const chart = await responsive(sized, WIDE);
  return html`<h3>Stage by stage</h3><div class="two"><div>${chart}</div>
<div>${table}</div></div>`;
}

function lastStage({ stages }: Strip["rollout"]): string {
  const last = stages.at(-1);
  return last === undefined ? "–" : `${plain(last.percent)} %`;
}
