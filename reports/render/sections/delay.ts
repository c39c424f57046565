import type { DelayChain, Result } from "../../../sim/result/result.ts";
import { delayWaterfall, waterfallSize } from "../../charts/index.ts";
import { fixed, listText, secondsText } from "../../format.ts";
import { dominantLink, runsOf } from "../../verdict.ts";
import { html, nothing, type SafeHtml } from "../html.ts";
import { disclosure, HALF, responsive, type Section, tableHtml, WIDE } from "./shared.ts";

const MOST_CHARTS = 8;

interface NamedChain {
  readonly name: string;
  readonly chain: DelayChain;
}

export async function delaySection(result: Result): Promise<Section | null> {
  const several = new Set(
    result.policies.flatMap(({ delayChains }) => delayChains.map(({ service }) => service)),
  );
  const chains = result.policies.flatMap((policy) =>
    policy.delayChains.map((chain): NamedChain => {
      const name = several.size > 1 ? `${policy.name}, ${chain.service}` : policy.name;
      return { name, chain };
    }),
  );
  if (chains.length === 0) return null;
  const shown = chains.slice(0, MOST_CHARTS);
  const longest = Math.max(...shown.map(({ chain }) => chain.wholeSeconds.mean), 1);
  const figures: SafeHtml[] = [];
  for (const named of shown) figures.push(await figureHtml(named, longest, shown.length));
  const title = "The chain as a table, with the setting behind each link";
  const body =
    shown.length === 1
      ? html`<div class="two">${figures}<div>${tableOf(chains, false)}</div></div>`
      : html`<div class="half">${figures}</div>
${disclosure(title, tableOf(chains, true))}`;
  return {
    id: "delay",
    short: "Scaling delay",
    title: "Where the scaling delay went",
    lead: leadHtml(result),
    body,
  };
}

function leadHtml(result: Result): SafeHtml {
  const quick = result.policies.filter(({ delayChains }) => delayChains.length === 0);
  const names = listText(quick.map(({ name }) => name));
  const rest = quick.length === 0 ? "" : ` None with ${names}.`;
  const means = runsOf(result) > 1 ? "Means over replications; the" : "The";
  return html`From the traffic crossing the autoscaler's target until callers know the last pod that
was needed, link by link. ${means} links add up to the whole. <span class="blue">Seeing it</span>,
<span class="orange">deciding</span>, <span class="green">bringing pods up</span>.${rest}`;
}

async function figureHtml(
  { name, chain }: NamedChain,
  longest: number,
  count: number,
): Promise<SafeHtml> {
  const chart = await responsive(
    (width) => delayWaterfall(name, chain, waterfallSize(chain, width), longest),
    count === 1 ? WIDE : HALF,
  );
  const link = dominantLink(chain);
  const most = link === null ? "" : `, of which ${secondsText(link.seconds)} ${link.link}`;
  const caption = `${secondsText(chain.wholeSeconds.mean)}${most}`;
  return html`<figure><figcaption><b>${name}</b> <span>${caption}</span></figcaption>
${chart}</figure>
`;
}

/** Links of all chains in order of time; a link that a chain lacks is a dash. */
function tableOf(chains: readonly NamedChain[], small: boolean): SafeHtml {
  const links = [...new Set(chains.flatMap(({ chain }) => chain.links.map(({ link }) => link)))];
  const isHalved = chains.some(({ chain }) => chain.links.some(wasHalved));
  const columns = [
    { head: "link" },
    ...chains.map(({ name }) => ({ head: name })),
    ...(isHalved ? [{ head: "halved, the whole takes" }, { head: "gain" }] : []),
    { head: "set by", text: true },
  ];
  const rows = links.map((name) => {
    const found = chains.map(({ chain }) => chain.links.find(({ link }) => link === name));
    const settings = [...new Set(found.map((link) => link?.setting ?? ""))].filter(Boolean);
    const figures = found.map((link) => (link === undefined ? "–" : `${fixed(link.seconds, 1)} s`));
    const gains = isHalved ? gainCells(chains, name) : [];
    return { cells: [name, ...figures, ...gains, settings.join("; ")] };
  });
  const wholes = chains.map(({ chain }) => wholeText(chain));
  const blanks = isHalved ? ["", ""] : [];
  const sum = { cells: ["whole reaction", ...wholes, ...blanks, nothing], sum: true };
  return tableHtml(columns, [...rows, sum], { small });
}

const wasHalved = ({ halvedWholeSeconds }: DelayChain["links"][number]): boolean =>
  halvedWholeSeconds !== null;

/** How long the first chain takes with this link's parameter halved, and what that gains. */
function gainCells(chains: readonly NamedChain[], name: string): readonly string[] {
  const chain = chains[0]?.chain;
  const halved = chain?.links.find(({ link }) => link === name)?.halvedWholeSeconds ?? null;
  if (chain === undefined || halved === null) return ["–", "–"];
  const gain = chain.wholeSeconds.mean - halved;
  return [`${fixed(halved, 1)} s`, `${fixed(gain, 1)} s`];
}

function wholeText({ wholeSeconds: { mean, low, high } }: DelayChain): string {
  const interval = low === null || high === null ? "" : ` [${fixed(low, 0)}, ${fixed(high, 0)}]`;
  return `${fixed(mean, 1)} s${interval}`;
}
