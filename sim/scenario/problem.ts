import { distance } from "fastest-levenshtein";

/**
 * One thing that is wrong with a scenario, where an editor can jump to it. Lines and columns count
 * from 1.
 */
export interface Problem {
  readonly file: string;
  readonly line: number;
  /** In UTF-16 code units, as editors count. */
  readonly column: number;
  /** How much of the line the carets underline. */
  readonly length: number;
  readonly message: string;
  /** What to do about it; null when the message says it all. */
  readonly hint: string | null;
  /** The text of the line; printing is the business of reports. */
  readonly sourceLine: string;
}

/**
 * The known name nearest to what was written, or null when none is near: less than half of its
 * letters may differ, and at most a third of long ones, so that "paymnet" finds "payment" and "web"
 * does not find "api". Names that differ in their numbers only (v2, v3) are no misspellings. Equal
 * distances go to the first in the list.
 */
export function nearestName(written: string, known: readonly string[]): string | null {
  const limit = Math.min(Math.max(2, Math.floor(written.length / 3)), (written.length - 1) / 2);
  let nearest: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const far = misspelling(written.toLowerCase(), name.toLowerCase());
    if (far > limit || far >= least || withoutDigits(name) === withoutDigits(written)) continue;
    least = far;
    nearest = name;
  }
  return nearest;
}

/** Edits between two words; letters in another order count as one, however many they are. */
function misspelling(written: string, name: string): number {
  const isMixedUp = [...written].sort().join("") === [...name].sort().join("");
  return isMixedUp ? Math.min(1, distance(written, name)) : distance(written, name);
}

const withoutDigits = (name: string): string => name.replaceAll(/\d/gu, "");

/** "did you mean …? known: …" for a name that was not found among these. */
export function nameHint(written: string, known: readonly string[]): string | null {
  const nearest = nearestName(written, known);
  const list = known.length === 0 ? null : `known: ${[...known].sort().join(", ")}`;
  if (nearest === null) return list;
  return list === null ? `did you mean "${nearest}"?` : `did you mean "${nearest}"? ${list}`;
}
