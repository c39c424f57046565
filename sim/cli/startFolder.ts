import { existsSync } from "node:fs";

const isCheckout = import.meta.url.endsWith(".ts");
const { npm_lifecycle_event: script, npm_package_name: owner, INIT_CWD: started } = process.env;

/** One of the checkout's own npm scripts runs this: there is no command `peakday` then. */
const isOurScript = isCheckout && script !== undefined && owner === "peakday";

/** How a user starts this program, to be copied. */
export const commandName = isOurScript ? "npm run -s peakday --" : "peakday";

/**
 * npm runs a script in the folder of its package.json, wherever the user is. Paths on the command
 * line count from where the user is, so that is where to go back to; those of `npm start` are
 * written in the package.json itself, and count from there.
 */
export function returnToStartFolder(): void {
  if (!isOurScript || script !== "peakday" || started === undefined) return;
  if (existsSync(started)) process.chdir(started);
}
