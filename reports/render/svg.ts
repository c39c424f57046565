import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { type ChartSpec, PALETTE } from "../charts/theme.ts";
import { escapeHtml, type SafeHtml, trusted, withoutControls } from "./html.ts";

/** A warning of Vega or Vega-Lite about a specification: a bug of the builder. */
class ChartWarning extends Error {
  override readonly name = "ChartWarning";
}

/** Raises what Vega would print on the console, which belongs to the caller. */
const strictLogger: vega.LoggerInterface = {
  level: () => strictLogger,
  error: (...messages: readonly unknown[]) => raise(messages),
  warn: (...messages: readonly unknown[]) => raise(messages),
  info: () => strictLogger,
  debug: () => strictLogger,
};

function raise(messages: readonly unknown[]): never {
  throw new ChartWarning(messages.map(String).join(" "));
}

/** No chart may fetch anything, whatever its specification says. */
const offlineLoader: vega.Loader = {
  load: () => Promise.reject(new ChartWarning("charts load nothing")),
  sanitize: () => Promise.reject(new ChartWarning("charts link to nothing")),
  http: () => Promise.reject(new ChartWarning("charts load nothing")),
  file: () => Promise.reject(new ChartWarning("charts load nothing")),
};

const TOKEN_OF = new Map(
  Object.entries(PALETTE).map(([token, { light }]) => [light.toLowerCase(), token]),
);

/** The specification as a picture with the light colours in it, for use outside of the page. */
export async function renderSvg(spec: ChartSpec): Promise<string> {
  // The builders make plain data; that it is valid Vega-Lite is what the strict logger checks.
  const vegaLite = spec as unknown as TopLevelSpec;
  const compiled = compile(vegaLite, { logger: strictLogger }).spec;
  const view = new vega.View(vega.parse(compiled), {
    renderer: "none",
    loader: offlineLoader,
    logger: strictLogger,
  });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** The specification as SVG for the page: one picture for both themes. */
export async function renderChart(spec: ChartSpec): Promise<SafeHtml> {
  return trusted(themed(await renderSvg(spec), spec.description));
}

/**
 * Swaps each light colour for its token, names the picture, and leaves out what only makes it
 * longer: fonts (the page sets them), roles within a picture that is one image, empty paths.
 */
function themed(svg: string, label: string): string {
  return withoutControls(svg)
    .replace(/<[^>]*>/g, (tag) => tag.replace(/(\d\.\d\d)\d+/g, "$1"))
    .replace(/<svg[^>]*?( width="[^"]*" height="[^"]*" viewBox="[^"]*")>/, (_, size: string) => {
      const name = `role="img" aria-label="${escapeHtml(label)}"`;
      return `<svg xmlns="http://www.w3.org/2000/svg" ${name}${size}>`;
    })
    .replace(/<path[^>]* d="(?:M0,0h0v0h0Z)?"[^>]*\/>/g, "")
    .replace(/<path class="background"[^>]*\/>/g, "")
    .replace(/ (?:class|role|aria-(?:roledescription|hidden)|font-family)="[^"]*"/g, keepImage)
    .replace(/<(?:g|path|text|line)[^>]* aria-label="[^"]*"/g, (tag) =>
      tag.replace(/ aria-label="[^"]*"/, ""),
    )
    .replace(/ (?:pointer-events="none"|opacity="1"|stroke-miterlimit="4")/g, "")
    .replace(/ (fill|stroke)="(#[0-9a-fA-F]{6}|white|black)"/g, withToken)
    .replace(/<g>((?:<path[^>]*\/>)?)<\/g>/g, "$1");
}

const keepImage = (attribute: string): string => (attribute === ' role="img"' ? attribute : "");

function withToken(attribute: string, name: string, color: string): string {
  const token = TOKEN_OF.get(color.toLowerCase());
  return token === undefined ? attribute : ` ${name}="var(--${token})"`;
}
