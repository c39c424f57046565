import { z } from "zod";
import { advised } from "./leaves.ts";

/**
 * The compound forms of a scenario. What `issues.ts` needs to explain a failure travels in Zod's
 * one text per issue: for unknown keys the known ones, a line each, and advice on others, as
 * "key: advice"; else what completes "x is …".
 */

/** A map with these keys and no others; `advice` is for keys that people try and that it lacks. */
export function fields<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  advice: Readonly<Record<string, string>> = {},
) {
  const keys = Object.keys(shape);
  const phrase = mapPhrase(keys);
  const known = [...keys, ...Object.entries(advice).map(([key, text]) => `${key}: ${text}`)];
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? known.join("\n") : phrase),
  });
}

const KEYS_SHOWN_MAX = 7;

function mapPhrase(keys: readonly string[]): string {
  if (keys.length === 1) return `a map with ${keys[0]}`;
  if (keys.length > KEYS_SHOWN_MAX) return `a map with keys like ${keys.slice(0, 3).join(", ")}`;
  return `a map with ${keys.slice(0, -1).join(", ")} and ${keys.at(-1)}`;
}

/** A map from names to equal things. Names are free but for `pattern`. */
export function named<Value extends z.ZodType>(
  what: string,
  value: Value,
  { pattern, phrase }: { readonly pattern?: RegExp; readonly phrase?: string } = {},
) {
  const error = phrase ?? "a name";
  const key = pattern === undefined ? z.string() : z.string().regex(pattern, { error });
  return z.record(key, value, { error: what });
}

export const list = <Item extends z.ZodType>(what: string, item: Item, min = 0) =>
  z.array(item, { error: what }).min(min, { error: `${what}, at least ${min}` });

/**
 * One or the other; which one is meant shows in the kind of value: a scalar, a list, a map. Scalars
 * of a kind that none takes get advice.
 */
export const either = <const Options extends readonly [z.ZodType, z.ZodType, ...z.ZodType[]]>(
  what: string,
  options: Options,
  advise: (written: string) => string | null = () => null,
) => z.union(options, { error: advised(what, advise) });

/** Reports what a whole sentence says, about one key of a map or (null) about the map. */
export function reportSentence(
  { value, issues }: z.core.ParsePayload<object>,
  message: string,
  key: string | null,
): void {
  const path = key === null ? [] : [key];
  issues.push({ code: "custom", input: value, message, path, params: { sentence: true, key } });
}

/**
 * A map that holds exactly one of `heads`, beside keys of other kinds. `companions` go with certain
 * heads only. The same stands in `metaOneOf` for editors.
 */
export function checkOneOf(
  what: string,
  heads: readonly string[],
  companions: Readonly<Record<string, readonly string[]>> = {},
) {
  return (context: z.core.ParsePayload<object>): void => {
    const written = Object.entries(context.value)
      .filter(([, value]) => value !== undefined)
      .map(([key]) => key);
    const found = written.filter((key) => heads.includes(key));
    if (found.length === 0) {
      reportSentence(context, `${what} needs one of ${heads.join(", ")}`, null);
    }
    for (const second of found.slice(1)) {
      const message = `${what} is either "${found[0]}" or "${second}", not both`;
      reportSentence(context, message, second);
    }
    for (const [companion, owners] of Object.entries(companions)) {
      if (written.includes(companion) && found[0] !== undefined && !owners.includes(found[0])) {
        const message = `"${companion}" goes with ${owners.join(" or ")}, not with ${found[0]}`;
        reportSentence(context, message, companion);
      }
    }
  };
}

/** What `checkOneOf` checks, in the words of JSON Schema. */
export const metaOneOf = (heads: readonly string[]) => ({
  oneOf: heads.map((head) => ({ required: [head] })),
});

/** The same for maps that hold nothing else. */
export const META_ONE_KEY = { minProperties: 1, maxProperties: 1 };
