export { renderHtml } from "./renderHtml.ts";
export { ChartWarning, renderSvg } from "./svg.ts";
