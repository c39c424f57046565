import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderHtml } from "../../reports/render/index.ts";
import { hostileResult } from "../reports/nulls.ts";
import { sampleResult } from "../reports/sampleResult.ts";

const CHROMIUM = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
const missing = !existsSync(CHROMIUM);
const inCi = process.env["CI"] === "true";

/** Everything that a Chromium does of its own accord is off: no network, no first run. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--no-default-browser-check",
];

/**
 * Run in the page, hence text: this project is checked without the types of the DOM. Lists the
 * texts of pictures that are scaled below 10 px or reach out of their picture.
 */
const SMALL_OR_CUT_TEXTS = `[...document.querySelectorAll("svg text")].flatMap((text) => {
  const box = text.getBoundingClientRect();
  const svg = text.ownerSVGElement;
  const picture = svg.getBoundingClientRect();
  if (box.width === 0) return [];
  const scale = picture.width / svg.viewBox.baseVal.width;
  const pixels = Number.parseFloat(getComputedStyle(text).fontSize) * scale;
  const out = box.left < picture.left - 2 || box.right > picture.right + 2;
  return pixels < 10 || out ? [text.textContent + " " + pixels.toFixed(1) + " px"] : [];
})`;

interface Loaded {
  readonly page: Page;
  /** What went to the console, was thrown, or was asked of the network. */
  readonly complaints: readonly string[];
}

interface Viewport {
  readonly width: number;
  readonly scheme?: "light" | "dark";
}

/** WCAG 2 relative luminance of an `rgb(…)` colour. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [high = 1, low = 0] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

describe("Chromium for the browser tests", () => {
  it.runIf(inCi)("is there in CI", () => {
    expect(existsSync(CHROMIUM), `${CHROMIUM} is missing: apt-get install chromium`).toBe(true);
  });
});

const reason = missing ? ` (skipped: no ${CHROMIUM}; apt-get install chromium)` : "";

describe.skipIf(missing)(`the report in Chromium${reason}`, { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "peakday-report-"));
  let browser: Browser;

  beforeAll(async () => {
    const pages = {
      full: sampleResult({ n: 5, canary: true }),
      one: sampleResult({ n: 1, policies: ["hpa-as-documented"] }),
      two: sampleResult({ n: 5, policies: ["hpa-as-documented", "scheduled"] }),
      hostile: hostileResult(),
    };
    for (const [name, result] of Object.entries(pages)) {
      writeFileSync(join(folder, `${name}.html`), await renderHtml(result));
    }
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  async function load(name: string, { width, scheme = "light" }: Viewport): Promise<Loaded> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
    const complaints: string[] = [];
    const address = pathToFileURL(join(folder, `${name}.html`)).href;
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (request.url() !== address) complaints.push(request.url());
    });
    await page.goto(address, { waitUntil: "load" });
    return { page, complaints };
  }

  const widths = [1280, 1000, 768, 390, 320];
  const names = ["full", "one", "two", "hostile"];
  const views = names.flatMap((name) => widths.map((width) => ({ name, width })));

  it.each(views)("$name fits $width px, and asks for nothing", async ({ name, width }) => {
    const { page, complaints } = await load(name, { width });
    const content = await page.evaluate<number>("document.documentElement.scrollWidth");
    expect(content).toBeLessThanOrEqual(width);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it.each(["full", "one", "two"])("%s cuts no table on a phone", async (name) => {
    const { page } = await load(name, { width: 390 });
    const cut = await page.evaluate<readonly string[]>(
      `[...document.querySelectorAll(".fit")]
        .filter((box) => box.scrollWidth > box.clientWidth)
        .map((box) => box.textContent)`,
    );
    expect(cut).toEqual([]);
    await page.close();
  });

  it.each(["full", "one"])(
    "%s shows no text below 10 px, and cuts none at its edges",
    async (name) => {
      for (const width of [1280, 768, 390]) {
        const { page } = await load(name, { width });
        const bad = await page.evaluate<readonly string[]>(SMALL_OR_CUT_TEXTS);
        expect(bad).toEqual([]);
        await page.close();
      }
    },
  );

  it.each(["light", "dark"] as const)("has texts of enough contrast in %s", async (scheme) => {
    const { page } = await load("full", { width: 1280, scheme });
    const tokens = ["ink", "muted", "blue", "orange", "red", "green", "purple", "grey"];
    const colors = await page.evaluate<readonly string[]>(`
      const probe = document.body.appendChild(document.createElement("i"));
      ${JSON.stringify(["bg", ...tokens])}.map((name) => {
        probe.style.color = "var(--" + name + ")";
        return getComputedStyle(probe).color;
      });`);
    const [background = "", ...texts] = colors;
    for (const [index, color] of texts.entries()) {
      expect(contrast(background, color), tokens[index]).toBeGreaterThanOrEqual(4.5);
    }
    await page.close();
  });

  it("is dark in the dark and light on paper", async () => {
    const colorsOf = (page: Page): Promise<readonly string[]> =>
      page.evaluate(`[
        getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector("svg text")).fill,
      ]`);
    const { page: light } = await load("full", { width: 1280 });
    const { page: dark } = await load("full", { width: 1280, scheme: "dark" });
    const [day, night] = [await colorsOf(light), await colorsOf(dark)];
    expect(luminance(day[0] ?? "")).toBeGreaterThan(0.9);
    expect(luminance(night[0] ?? "")).toBeLessThan(0.05);
    expect(night[1]).not.toBe(day[1]);
    await dark.emulateMedia({ media: "print", colorScheme: "dark" });
    expect(await colorsOf(dark)).toEqual(day);
    await light.close();
    await dark.close();
  });

  it("shows the reason of a decision on hover and on focus", async () => {
    const { page } = await load("full", { width: 1280 });
    const spot = page.locator(".spot").nth(3);
    const tip = spot.locator(".tip");
    const reason = "limited to 20 by 5 pods per";
    expect(await tip.isVisible()).toBe(false);
    expect(await spot.getAttribute("aria-label")).toContain(reason);
    await spot.hover();
    expect(await tip.isVisible()).toBe(true);
    expect(await tip.textContent()).toContain(reason);
    await page.mouse.move(0, 0);
    expect(await tip.isVisible()).toBe(false);
    await page.locator(".spot").nth(2).focus();
    await page.keyboard.press("Tab");
    expect(await tip.isVisible()).toBe(true);
    await page.close();
  });

  it("keeps every tip within the page", async () => {
    for (const width of [1280, 390]) {
      const { page } = await load("full", { width });
      const spots = page.locator(".spot:visible");
      for (const index of [0, 8, (await spots.count()) - 1]) {
        await spots.nth(index).focus();
        const box = await spots.nth(index).locator(".tip").boundingBox();
        expect(box?.x).toBeGreaterThanOrEqual(0);
        expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
      }
      await page.close();
    }
  });

  it("turns the verdict into cards on a phone, with the same words", async () => {
    const { page: wide } = await load("full", { width: 1280 });
    const { page: phone } = await load("full", { width: 390 });
    const display = (page: Page): Promise<string> =>
      page.evaluate(`getComputedStyle(document.querySelector(".verdict tr.pick")).display`);
    expect(await display(wide)).toBe("table-row");
    expect(await display(phone)).toBe("block");
    expect(await phone.locator(".verdict tr.pick").textContent()).toBe(
      await wide.locator(".verdict tr.pick").textContent(),
    );
    await wide.close();
    await phone.close();
  });

  it("runs nothing of what a hostile scenario is called", async () => {
    const { page, complaints } = await load("hostile", { width: 1280 });
    const found = await page.locator("script, img, iframe, object, foreignObject").count();
    expect(found).toBe(0);
    expect(await page.locator("h1").textContent()).toContain("<script>alert(1)</script>");
    expect(complaints).toEqual([]);
    await page.close();
  });
});
