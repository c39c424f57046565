import { nameHint } from "../problem.ts";
import { type Path, treeAt } from "../tree.ts";
import type { Context } from "./context.ts";

/** Where an HPA stands in a policy's configuration. */
const PLACES: Readonly<Record<string, Path>> = { hpa: [], scheduled: ["autoscaler", "hpa"] };

/**
 * Reports an HPA that stands under one service and scales the workload of another one. Its
 * `scaleTargetRef` may name the service or the workload whose manifest the service has; where the
 * service has no manifest with a name, any name that is no other service's.
 */
export function checkScaleTarget(
  context: Context,
  service: string,
  policy: string,
  path: Path,
): void {
  const inner = PLACES[policy];
  if (inner === undefined) return;
  for (const spec of [["spec"], []]) {
    const place = [...path, ...inner, ...spec, "scaleTargetRef", "name"];
    const written = textAt(context, place);
    if (written === null) continue;
    const own = workloadName(context, service);
    if (written === service || written === own) return;
    const services = context.names("services");
    const others = services.flatMap((other) =>
      other === service ? [] : [other, workloadName(context, other) ?? other],
    );
    if (own === null && !others.includes(written)) return;
    const target = own ?? service;
    const message = `this HPA scales "${written}", and stands under the service "${service}"`;
    const known = [...new Set([target, ...others])];
    const hint = others.includes(written)
      ? `the workload of "${service}" is "${target}"`
      : nameHint(written, known);
    context.atValue(place, message, hint);
    return;
  }
}

/** `metadata.name` of the manifest that a service has; null where there is none. */
const workloadName = (context: Context, service: string): string | null =>
  textAt(context, ["services", service, "statefulSet", "metadata", "name"]) ??
  textAt(context, ["services", service, "deployment", "metadata", "name"]);

function textAt(context: Context, path: Path): string | null {
  const node = treeAt(context.whole, path);
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : null;
}
