// Plain JavaScript, so that an old Node gets as far as the message. Imported before all else.
import { existsSync } from "node:fs";

/** A checkout has TypeScript, which Node runs since 22.18; the package has JavaScript. */
export const isCheckout = existsSync(new URL("./peakday.ts", import.meta.url));

const [needsMajor, needsMinor] = isCheckout ? [22, 18] : [20, 0];
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < needsMajor || (major === needsMajor && minor < needsMinor)) {
  console.error(`peakday needs Node ≥ ${needsMajor}.${needsMinor}, this is ${process.version}.`);
  if (isCheckout) {
    console.error(
      "For Linux (x64, arm64), Windows (x64) and macOS (x64) `npm ci` brings one, which\n" +
        "npm scripts use: `npm run -s peakday -- --help`. Elsewhere please install it first.\n" +
        "(After `npm ci --ignore-scripts` it takes an `npm rebuild`, too.)",
    );
  }
  process.exit(1);
}
