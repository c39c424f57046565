import { type Layer, labels, type SpecValue } from "./theme.ts";

/** A rectangle in pixels of the plot. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export type Align = "left" | "center" | "right";

export interface LabelPlace {
  readonly x: number;
  readonly y: number;
  readonly align: Align;
}

/** Wide enough for the widest common system font. */
const CHARACTER_WIDTH_PER_FONT_SIZE = 0.64;

export function textWidth(text: string, fontSize: number): number {
  return [...text].length * fontSize * CHARACTER_WIDTH_PER_FONT_SIZE;
}

/** At most `most` characters; what is cut stands in full in the table beside the chart. */
export function shorten(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}

export function labelBox(place: LabelPlace, text: string, fontSize: number): Box {
  const width = textWidth(text, fontSize);
  const left = { left: place.x, center: place.x - width / 2, right: place.x - width }[place.align];
  const half = fontSize * 0.65;
  return { left, top: place.y - half, right: left + width, bottom: place.y + half };
}

function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Square pixels that a name may cover rather than move on to its next place. */
const PIXELS_PER_RANK = 0.4;

function outside(box: Box, bounds: Box): number {
  const across = Math.max(0, bounds.left - box.left) + Math.max(0, box.right - bounds.right);
  const along = Math.max(0, bounds.top - box.top) + Math.max(0, box.bottom - bounds.bottom);
  return across * (box.bottom - box.top) + along * (box.right - box.left);
}

/**
 * The candidate that covers least of what is already drawn and leaves the bounds least. The order
 * of the candidates is the order of preference: a far place must be clearly freer than a near one.
 */
export function placeLabel(
  text: string,
  fontSize: number,
  candidates: readonly LabelPlace[],
  { taken, bounds }: { readonly taken: readonly Box[]; readonly bounds: Box },
): LabelPlace {
  let best: LabelPlace = candidates[0] ?? { x: 0, y: 0, align: "left" };
  let leastCost = Number.POSITIVE_INFINITY;
  for (const [rank, candidate] of candidates.entries()) {
    const box = labelBox(candidate, text, fontSize);
    const covered = taken.reduce((sum, other) => sum + overlap(box, other), 0);
    const cost = covered + 3 * outside(box, bounds) + rank * PIXELS_PER_RANK;
    if (cost < leastCost - 1e-9) {
      best = candidate;
      leastCost = cost;
    }
  }
  return best;
}

/** A label with its place, in pixels of the plot, and its colour. */
export type PlacedLabel = {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly align: Align;
  readonly color: string;
};

/** Layers of placed labels: one per alignment, since a text mark has one. */
export function placedLabels(
  rows: readonly PlacedLabel[],
  mark: { readonly [key: string]: SpecValue },
): readonly Layer[] {
  const pixels = (field: string) => ({ field, type: "quantitative", scale: null, axis: null });
  return (["left", "center", "right"] as const).flatMap((align): readonly Layer[] => {
    const aligned = rows.filter((row) => row.align === align);
    if (aligned.length === 0) return [];
    const color = { field: "color", type: "nominal", scale: null };
    return [labels(aligned, { align, ...mark }, { x: pixels("x"), y: pixels("y"), color })];
  });
}
