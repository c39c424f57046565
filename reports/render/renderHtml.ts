import type { Result } from "../../sim/result/result.ts";
import { rolloutSum } from "../canaryWords.ts";
import { doubtsOf } from "../doubts.ts";
import { plural } from "../format.ts";
import { headroomSentence } from "../headroomWords.ts";
import {
  answersCanary,
  pickOf,
  runsOf,
  sentenceText,
  type VerdictSentence,
  verdictDetails,
  verdictSentence,
  worstMinuteOf,
  worstMinuteText,
} from "../verdict.ts";
import { CSS } from "./css.ts";
import { html, nothing, type SafeHtml, tied, trusted, withOptions } from "./html.ts";
import { canarySection } from "./sections/canary.ts";
import { claimSection } from "./sections/claim.ts";
import { costSection } from "./sections/cost.ts";
import { delaySection } from "./sections/delay.ts";
import { headroomSection } from "./sections/headroom.ts";
import { type Section, sectionHtml } from "./sections/shared.ts";
import { assumptionsSection, sureSection } from "./sections/sure.ts";
import { sweepSection } from "./sections/sweep.ts";
import { timelineSection } from "./sections/timeline.ts";
import { topicsSection } from "./sections/topics.ts";
import { verdictSection } from "./sections/verdict.ts";
import { whereSection } from "./sections/where.ts";

/** Nothing may be fetched or run: the page is its own style and pictures. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'";

/**
 * A result as one self-contained page: the answer, the proof, the doubt. It needs no network
 * and no script, follows the reader's light or dark theme, and prints in light.
 */
export async function renderHtml(result: Result): Promise<string> {
  const sections = await sectionsOf(result);
  const links = sections.map(({ id, short }) => html`<a href="#${id}">${short}</a>`);
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>peakday: ${result.scenario.name}, ${titleText(result)}</title>
<style>
${trusted(CSS)}</style></head><body>
<header>
${headHtml(result)}
<nav aria-label="Sections">${links}</nav>
${warningsHtml(result)}
</header><main>
${sections.map(
  (section) => html`${sectionHtml(section)}
`,
)}</main>
<footer>peakday ${result.peakday} · no network was used to show this page</footer>
</body></html>
`;
  return page.text;
}

/** In order: the answer, why, how sure; what has no data is left out. */
async function sectionsOf(result: Result): Promise<readonly Section[]> {
  const ran = result.policies.length > 0;
  const canary = await canarySection(result);
  const canaryFirst = answersCanary(result);
  const claims: Section[] = [];
  for (const [index, claim] of result.claims.entries()) {
    claims.push(await claimSection(result, claim, index));
  }
  const sections: readonly (Section | null)[] = [
    canaryFirst ? canary : null,
    headroomSection(result),
    sweepSection(result),
    ran ? verdictSection(result) : null,
    topicsSection(result),
    await costSection(result),
    ran ? await timelineSection(result) : null,
    await delaySection(result),
    await whereSection(result),
    ...claims,
    canaryFirst ? null : canary,
    sureSection(result),
    assumptionsSection(result),
  ];
  return sections.filter((section) => section !== null);
}

/** The answer to what was asked. */
function answerOf(result: Result): VerdictSentence {
  const { headroom } = result;
  return headroom === undefined ? verdictSentence(result) : headroomSentence(result, headroom);
}

function titleText(result: Result): string {
  if (result.headroom !== undefined) return "headroom";
  if (result.sweep !== undefined) return `${result.policies.length} points compared`;
  return result.policies.length > 1
    ? `${result.policies.length} policies compared`
    : sentenceText(verdictSentence(result));
}

function setupText(result: Result): string {
  const { canary, policies } = result;
  if (answersCanary(result) && canary !== null) {
    const rollouts = plural(rolloutSum(canary.cells), "rollout");
    return `${canary.policy}, ${rollouts} in ${plural(canary.cells.length, "cell")}`;
  }
  const runs = plural(runsOf(result), "replication");
  const kinds =
    result.sweep === undefined
      ? plural(policies.length, "policy", "policies")
      : plural(policies.length, "point");
  return `${kinds} × ${runs}`;
}

function headHtml(result: Result): SafeHtml {
  const { scenario, world } = result;
  const { before, policy, after } = answerOf(result);
  const holds = pickOf(result) !== null && !answersCanary(result);
  const name = holds ? html`<em class="good">${policy}</em>` : html`<em>${policy}</em>`;
  const isOther = answersCanary(result) || result.headroom !== undefined;
  const details = isOther ? [] : [...verdictDetails(result), ...worstText(result)];
  const lede =
    details.length === 0 ? nothing : html`<p class="lede">${tied(html`${details.join(" ")}`)}</p>`;
  return html`<p class="eyebrow">${scenario.title} · ${setupText(result)} · ${world}</p>
<h1>${before}${name}${tied(html`${after}`)}</h1>
${lede}`;
}

/** Of a policy alone, when it is worst; beside others the timeline says it better. */
function worstText(result: Result): readonly string[] {
  const [policy, ...others] = result.policies;
  const minute = policy === undefined || others.length > 0 ? null : worstMinuteOf(policy);
  if (minute === null) return [];
  const runs = runsOf(result);
  const of = runs > 1 ? ` of all ${runs} replications` : "";
  return [`${worstMinuteText(minute).replace("worst minute", `Worst minute${of}:`)}.`];
}

function warningsHtml(result: Result): SafeHtml {
  const doubts = doubtsOf(result);
  if (doubts.length === 0) return nothing;
  const items = doubts.map((warning) => html`<li>${withOptions(warning)}</li>`);
  return html`<div class="warnings"><b>How much to trust this</b><ul>${items}</ul></div>`;
}
