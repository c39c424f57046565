import { readFileSync } from "node:fs";

/** The version in package.json, which lies above the sources and above the bundle. */
export function readVersion(): string {
  for (const folder of ["../package.json", "../../package.json"]) {
    try {
      const text = readFileSync(new URL(folder, import.meta.url), "utf8");
      const { name, version }: { name?: unknown; version?: unknown } = JSON.parse(text);
      if (name === "peakday" && typeof version === "string") return version;
    } catch {
      // The other one it is.
    }
  }
  return "unknown";
}
