export { renderHtml } from "./renderHtml.ts";
export { renderSvg } from "./svg.ts";
