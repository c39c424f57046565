import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Guards against a hang only: nothing may depend on how fast a machine is.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
