import type { CanaryResult, Result } from "../../../sim/result/result.ts";
import {
  type CanaryCell,
  canaryGrid,
  canarySentence,
  cellAt,
  cellsAcrossTraffic,
  detectionText,
  largestHalfWidth,
  outcomeText,
  rolledBackText,
  shareText,
} from "../../canaryWords.ts";
import {
  operatingCharacteristic,
  type Strip,
  stageStrips,
  stageStripsSize,
} from "../../charts/index.ts";
import { fixed, plain } from "../../format.ts";
import { answersCanary, levelText } from "../../verdict.ts";
import { html, nothing, type SafeHtml } from "../html.ts";
import { disclosure, HALF, responsive, type Section, tableHtml, WIDE } from "./shared.ts";

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
    body: html`${grid}${await stripsHtml(strips)}`,
  };
}

/** The sentence that heads the page already is not said twice. */
function leadHtml(canary: CanaryResult, said: boolean): SafeHtml {
  const stages = canary.stagesPercent.map(plain).join(", ");
  const sentence = canarySentence(canary, canaryGrid(canary).variants[0] ?? "");
  const healthy = shareText(canary.healthyErrorShare);
  return html`${canary.policy}, stages ${stages} %. A release as healthy as production (${healthy}
errors) should pass.${said ? nothing : html` <b>${sentence}</b>`}`;
}

async function gridHtml(result: Result, canary: CanaryResult): Promise<SafeHtml> {
  const chart = await responsive((width) => {
    const padding = { left: 46, right: 16, top: 20, bottom: 40 };
    return operatingCharacteristic(canary, { width, height: 300, padding });
  }, HALF);
  const rollouts = Math.max(0, ...canary.cells.map((cell) => cell.rollouts));
  const half = largestHalfWidth(canary);
  const margin =
    half === null ? "" : `; ± ${fixed(half, 0)} % at most (${levelText(result)} interval)`;
  return html`<div class="half"><figure><figcaption><b>Chance of a rollback</b> <span>by true error
share and traffic, n = ${rollouts} each${margin}</span></figcaption>${chart}</figure>
<figure><figcaption><b>Reading it</b></figcaption>${readingTable(canary)}</figure></div>
${disclosure("The whole grid as a table", wholeTable(canary))}`;
}

/** Healthy releases stopped, bad ones caught: what the curves say at their two ends. */
function readingTable(canary: CanaryResult): SafeHtml {
  const { variants, worstShare } = canaryGrid(canary);
  const rows = variants.flatMap((variant, index) =>
    cellsAcrossTraffic(canary, variant, worstShare).map((bad) => {
      const { trafficRps } = bad;
      const errorShare = canary.healthyErrorShare;
      const healthy = cellAt(canary, { variant, trafficRps, errorShare });
      const name = `${plain(trafficRps)} requests/s${index === 0 ? "" : `, ${variant}`}`;
      const stage = bad.stagePercent === null ? "–" : `${plain(bad.stagePercent)} %`;
      const hurt = bad.usersHurt === null ? "–" : fixed(bad.usersHurt.mean, 0);
      return { cells: [name, alarmCell(healthy), rolledBackText(bad), stage, hurt] };
    }),
  );
  const columns = [
    { head: "traffic" },
    { head: "healthy rolled back" },
    { head: `${shareText(worstShare)} bug caught` },
    { head: "mostly at stage" },
    { head: "users hurt" },
  ];
  return tableHtml(columns, rows);
}

/** A false alarm in ten is what most teams would still bear. */
function alarmCell(healthy: CanaryCell | null): SafeHtml | string {
  if (healthy === null) return "–";
  const kind = healthy.share.mean <= 0.1 ? "good" : "bad";
  return html`<span class="${kind}">${rolledBackText(healthy)}</span>`;
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
        `${fixed(100 * mean, 0)} %${interval}`,
        stage,
        detectionText(cell)?.split(": ").at(-1) ?? "not found",
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
    { head: "found", text: true },
  ];
  return tableHtml(columns, rows, { small: true });
}

/** Rollouts of the run, then examples of the grid: a healthy and the worst release per traffic. */
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
  const { variants, worstShare } = canaryGrid(canary);
  const variant = variants[0] ?? "";
  return [canary.healthyErrorShare, worstShare].flatMap((errorShare) =>
    cellsAcrossTraffic(canary, variant, errorShare).map((cell): Strip => {
      const kind = errorShare === canary.healthyErrorShare ? "healthy" : shareText(errorShare);
      return { name: `${kind}, ${plain(cell.trafficRps)}/s`, rollout: cell.example };
    }),
  );
}

async function stripsHtml(strips: readonly Strip[]): Promise<SafeHtml> {
  const known = strips.filter(({ rollout }) => rollout.stages.length > 0);
  const chart =
    known.length === 0
      ? nothing
      : await responsive((width) => stageStrips(known, stageStripsSize(known.length, width)), WIDE);
  const rows = strips.map(({ name, rollout }) => ({
    cells: [
      name,
      `${plain(rollout.stages.at(-1)?.percent ?? 0)} %`,
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
  return html`<h3>Stage by stage</h3><div class="two"><div>${chart}</div>
<div>${tableHtml(columns, rows)}</div></div>`;
}
