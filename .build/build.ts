import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * Makes `dist/`, what the published package runs: JavaScript for Node ≥ 20 and type declarations.
 * Dependencies stay outside of it, so that npm keeps them patched.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const dist = `${root}dist`;

rmSync(dist, { recursive: true, force: true });
await bundle();
for (const file of ["bin.mjs", "checkNode.mjs"]) {
  copyFileSync(`${root}sim/cli/${file}`, `${dist}/${file}`);
}
declareTypes();

async function bundle(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: {
      index: "sim/index.ts",
      peakday: "sim/cli/peakday.ts",
      worker: "sim/experiment/executors/worker.ts",
    },
    outdir: dist,
    bundle: true,
    // Library and command share their modules: an error class must be the same in both.
    splitting: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  });
}

/** Only what `sim/index.ts` reaches is declared. */
function declareTypes(): void {
  const tsc = createRequire(import.meta.url).resolve("typescript/package.json");
  const { status } = spawnSync(
    process.execPath,
    [tsc.replace(/package\.json$/, "bin/tsc"), "-p", `${root}.build/tsconfig.json`],
    { stdio: "inherit" },
  );
  if (status !== 0 || !existsSync(`${dist}/types/sim/index.d.ts`)) process.exit(status || 1);
}
