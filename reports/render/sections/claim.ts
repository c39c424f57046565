import type { ClaimResult, Result } from "../../../sim/result/result.ts";
import { claimSteps, hasClaimSteps } from "../../charts/index.ts";
import { clock } from "../../format.ts";
import { claimBlame, claimSentences, reachedText } from "../../verdict.ts";
import { html, nothing, type SafeHtml } from "../html.ts";
import { responsive, type Section, tableHtml, WIDE } from "./shared.ts";

export async function claimSection(
  result: Result,
  claim: ClaimResult,
  index: number,
): Promise<Section> {
  const chart = hasClaimSteps(result, claim)
    ? await responsive((width) => {
        const padding = { left: 34, right: 12, top: 22, bottom: 38 };
        return claimSteps(result, claim, { width, height: 250, padding });
      }, WIDE)
    : nothing;
  return {
    id: index === 0 ? "claim" : `claim-${index + 1}`,
    short: index === 0 ? "Claim check" : `Claim check ${index + 1}`,
    title: `Claim check: “${claim.text}”`,
    lead: html`${claim.service}: from ${claim.from} to ${claim.to} ready within
${clock(claim.withinSeconds)}, from the moment the traffic exceeds what ${claim.from} can serve.
${claimSentences(claim).join(" ")}`,
    body: html`<div class="two"><div>${chart}</div><div>${tableOf(result, claim)}</div></div>`,
  };
}

function tableOf(result: Result, claim: ClaimResult): SafeHtml {
  const rows = claim.policies.map(({ policy, seconds, reachedIn, kept }) => {
    const { low = null, high = null } = seconds ?? {};
    const interval =
      low === null || high === null || high - low < 0.5 ? "" : ` [${clock(low)}, ${clock(high)}]`;
    const took = `${reachedText(seconds?.mean ?? null, reachedIn)}${interval}`;
    const status = kept
      ? html`<span class="good">✓ kept</span>`
      : html`<span class="bad">✗ broken</span>`;
    return { cells: [policy, took, status] };
  });
  const columns = [{ head: "policy" }, { head: `${claim.to} ready after` }, { head: "claim" }];
  const blame = claimBlame(result, claim);
  const note = blame === null ? nothing : html`<p class="note">${blame}</p>`;
  return html`${tableHtml(columns, rows)}${note}`;
}
