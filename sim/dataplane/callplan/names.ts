import { digestText } from "../../kernel/digest.ts";

/** A stable 31-bit number for a name path: draws depend on names, not on positions in a file. */
export const nameHash = (path: string): number =>
  Number.parseInt(digestText(path).slice(0, 8), 16) & 0x7fffffff;
