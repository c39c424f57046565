#!/usr/bin/env node
// The bin `peakday`: a checkout runs the TypeScript, the published package its bundle.
import { isCheckout } from "./checkNode.mjs";

await import(isCheckout ? "./peakday.ts" : "./peakday.js");
