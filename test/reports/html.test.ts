import { describe, expect, it } from "vitest";
import { escapeHtml, html, tied, withOptions } from "../../reports/render/html.ts";
import { renderHtml } from "../../reports/render/index.ts";
import { resultSchema } from "../../sim/result/result.ts";
import { bareResult, HOSTILE, hostileResult } from "./nulls.ts";
import { sampleResult, sampleRollout } from "./sampleResult.ts";

const headings = (page: string): readonly string[] =>
  [...page.matchAll(/<h2 id="([^"]*)"/g)].map(([, id]) => id ?? "");

const tagsOf = (page: string): readonly string[] => [
  ...new Set([...page.matchAll(/<([a-zA-Z!][\w-]*)/g)].map(([, tag]) => tag ?? "")),
];

describe("renderHtml", { timeout: 60_000 }, () => {
  it("has every section in order, the answer first", async () => {
    const page = await renderHtml(sampleResult({ n: 5, canary: true }));
    expect(headings(page)).toEqual([
      ...["verdict", "cost", "time", "delay", "where", "claim", "canary", "sure", "assume"],
    ]);
    expect(page).toMatch(
      /<h1><em class="good">scheduled<\/em> is the cheapest policy that holds the objective/,
    );
    expect(page.includes("−1739 ms")).toBe(true);
    expect(page.includes("no difference shown (n = 5)")).toBe(true);
    expect(page.length).toBeLessThan(1.5e6);
  });

  it("tells of a rolling update, which has no stages, without an empty chart", async () => {
    const sample = sampleResult({ n: 5, policies: ["scheduled"] });
    const rolling = { ...sampleRollout("healthy"), policy: "rolling", usersHurt: null, stages: [] };
    const policies = sample.policies.map((policy) => ({ ...policy, rollouts: [rolling] }));
    const page = await renderHtml({ ...sample, policies });
    const [, section = ""] = page.split('<h2 id="canary"');
    expect(section.split("<h2 ")[0]).not.toMatch(/Stage by stage|<svg/);
    expect(section).toMatch(/<td[^>]*>–<\/td>\s*<td[^>]*>–<\/td>\s*<td[^>]*>promoted after 6:00/);
  });

  it("names every picture, and puts a table in each section that has one", async () => {
    const page = await renderHtml(sampleResult({ n: 5, canary: true }));
    const pictures = page.match(/<svg[^>]*>/g) ?? [];
    expect(pictures.length).toBeGreaterThan(20);
    for (const picture of pictures) {
      expect(picture).toMatch(/ role="img" aria-label="[^"]{20,}"/);
    }
    for (const section of page.split(/<h2 /).slice(1)) {
      if (section.includes("<svg")) expect(section).toContain("<table");
    }
  });

  it("refers to nothing outside of itself, and runs nothing", async () => {
    const page = await renderHtml(sampleResult({ n: 5, canary: true }));
    expect(page).toContain(`content="default-src &#39;none&#39;; style-src`);
    const outside = page.replaceAll('xmlns="http://www.w3.org/2000/svg"', "");
    expect(
      /https?:|url\(|@import|\bsrc=|<script|<link|<iframe|javascript:/.exec(outside)?.[0],
    ).toBeUndefined();
    const references = [...page.matchAll(/href="([^"]*)"/g)].map(([, reference]) => reference);
    expect(references.every((reference) => /^#[\w-]+$/.test(reference ?? ""))).toBe(true);
  });

  it("draws in tokens, so that one picture serves both themes", async () => {
    const page = await renderHtml(sampleResult({ n: 5, canary: true }));
    const body = page.slice(page.indexOf("</style>"));
    expect(/="#[0-9a-fA-F]{3,8}"/.exec(body)?.[0]).toBeUndefined();
    expect(/fill="var\(--red\)"/.test(body)).toBe(true);
    expect(/stroke="var\(--blue\)"/.test(body)).toBe(true);
  });

  it("leaves no way out of its place to hostile text", async () => {
    const honest = tagsOf(await renderHtml(sampleResult({ n: 5, canary: true })));
    const page = await renderHtml(hostileResult());
    expect(resultSchema.safeParse(hostileResult()).success).toBe(true);
    expect(page.includes(escapeHtml(HOSTILE))).toBe(true);
    expect(page.includes("<script")).toBe(false);
    expect(page.includes("<img")).toBe(false);
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    // No attribute of its own either: a quote that got through would have opened one.
    expect(/onerror/.exec(page.replace(/="[^"]*"|>[^<]*/g, ""))?.[0]).toBeUndefined();
    expect(tagsOf(page).filter((tag) => !honest.includes(tag))).toEqual([]);
  });

  it("reads well with all that may be missing missing", async () => {
    const bare = bareResult();
    expect(resultSchema.safeParse(bare).error?.issues).toBeUndefined();
    const page = await renderHtml(bare);
    expect(headings(page)).toEqual(["verdict", "time", "claim", "canary", "sure"]);
    expect(page.includes("No objective is set")).toBe(true);
    expect(page.includes("requests in flight at the end are not known")).toBe(true);
    expect(/NaN|undefined|Infinity|>null/.exec(page)?.[0]).toBeUndefined();
  });

  it.each([{ n: 1 }, { n: 20 }])("says how sure a single policy with $n runs is", async ({ n }) => {
    const page = await renderHtml(sampleResult({ n, policies: ["hpa-as-documented"] }));
    expect(headings(page)).not.toContain("cost");
    expect(page.includes("misses the objective")).toBe(true);
    expect(page.includes("One replication, so there is no interval")).toBe(n === 1);
    expect(page.includes("How much to trust this")).toBe(n === 1);
    const [, command = ""] = /<pre>(.*?)<\/pre>/.exec(page) ?? [];
    expect(command.replace(/<[^>]*>/g, "")).toBe(
      `peakday run scenarios/black-friday.yaml --policy hpa-as-documented --runs ${n} ` +
        "--seed 20261127",
    );
    expect(/NaN|undefined|Infinity|>null/.exec(page)?.[0]).toBeUndefined();
  });

  it("tells what each fault was, and since when a delay counts", async () => {
    const page = await renderHtml(sampleResult({ n: 5 }));
    expect(page).toContain("<b>A</b> +11:00 every tenth pod dies (kill, product).");
    expect(page).toContain("<b>B</b> +17:00 the cache is slow (slow, product).");
    expect(page).toContain("<b>C</b> +18:00 the cache is slow: over (slow, product).");
    expect(page).toContain("seconds since the traffic crossed the autoscaler's target");
  });

  it("answers for a canary without any policy of capacity", async () => {
    const result = { ...sampleResult({ canary: true }), policies: [], comparisons: [], claims: [] };
    const page = await renderHtml({ ...result, front: [] });
    expect(headings(page)).toEqual(["canary", "sure", "assume"]);
    expect(/<h1><em>staged-canary<\/em> catches every 5.% bug, and rolls/.test(page)).toBe(true);
    expect(/NaN|undefined|Infinity|0 policies/.exec(page)?.[0]).toBeUndefined();
  });

  it("answers a question about a canary with the canary first", async () => {
    const page = await renderHtml(sampleResult({ canary: true, policies: ["scheduled"] }));
    expect(headings(page)[0]).toBe("canary");
    expect(page.includes("<h1><em>staged-canary</em> catches every")).toBe(true);
  });

  it("shows a long run within a page of decent size", async () => {
    const result = sampleResult({ n: 1 });
    const times = 48;
    const stretch = <T>(values: readonly T[]): T[] =>
      values.flatMap((value) => Array.from({ length: times }, () => value));
    const policies = result.policies.map((policy) => {
      const { timeline } = policy;
      return {
        ...policy,
        timeline: {
          ...timeline,
          arrivalsRps: stretch(timeline.arrivalsRps),
          completedRps: stretch(timeline.completedRps),
          failures: Object.fromEntries(
            Object.entries(timeline.failures).map(([reason, counts]) => [reason, stretch(counts)]),
          ),
          p50Ms: stretch(timeline.p50Ms),
          p95Ms: stretch(timeline.p95Ms),
          p99Ms: stretch(timeline.p99Ms),
          services: [],
        },
      };
    });
    const page = await renderHtml({ ...result, policies });
    expect(page.length).toBeLessThan(1e6);
  });

  it("gives the same bytes twice", async () => {
    const once = await renderHtml(sampleResult({ n: 5, canary: true }));
    expect((await renderHtml(sampleResult({ n: 5, canary: true }))) === once).toBe(true);
  });
});

describe("html", () => {
  it("escapes what is put into it, and nothing twice", () => {
    const inner = html`<b title="${'"<&>'}">${"a < b"}</b>`;
    expect(html`<p>${inner}${[inner]}${null}${0}</p>`.text).toBe(
      `<p>${`<b title="&quot;&lt;&amp;&gt;">a &lt; b</b>`.repeat(2)}0</p>`,
    );
  });

  it("replaces controls and what turns the direction of writing", () => {
    expect(escapeHtml("a\u0000b\u202ec\nd")).toBe("a\ufffdb\ufffdc\nd");
  });

  it("ties units to their numbers", () => {
    expect(tied(html`${"5 ms, 7 % and 3 months"}`).text).toBe("5\u00a0ms, 7\u00a0% and 3 months");
  });

  it("keeps options and their values together", () => {
    expect(withOptions("<few> Use --runs 20.").text).toBe(
      '&lt;few&gt; Use <span class="nb">--runs 20</span>.',
    );
  });
});
