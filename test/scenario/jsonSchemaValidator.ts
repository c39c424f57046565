/**
 * A validator for the part of JSON Schema (2020-12) that scenario schemas use. A keyword that it
 * does not know fails, so that a new one cannot slip through unchecked.
 */
type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS = new Set([
  "$schema",
  "$defs",
  "id",
  "title",
  "description",
  "format",
  "default",
]);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const asSchema = (value: unknown): Schema => (isObject(value) ? value : {});
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function isOfType(type: unknown, value: unknown): boolean {
  if (Array.isArray(type)) return type.some((one) => isOfType(one, value));
  switch (type) {
    case "object":
      return isObject(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "null":
      return value === null;
    default:
      return typeof value === type;
  }
}

export class JsonSchemaValidator {
  readonly #root: Schema;

  constructor(root: unknown) {
    this.#root = asSchema(root);
  }

  accepts(value: unknown): boolean {
    return this.#fits(this.#root, value);
  }

  #fits(schema: unknown, value: unknown): boolean {
    if (typeof schema === "boolean") return schema;
    const rules = asSchema(schema);
    return Object.entries(rules).every(([keyword, rule]) =>
      this.#keeps(keyword, rule, value, rules),
    );
  }

  #keeps(keyword: string, rule: unknown, value: unknown, rules: Schema): boolean {
    if (ANNOTATIONS.has(keyword)) return true;
    const number = typeof value === "number" ? value : null;
    const text = typeof value === "string" ? value : null;
    switch (keyword) {
      case "$ref":
        return this.#fits(this.#definition(String(rule)), value);
      case "type":
        return isOfType(rule, value);
      case "const":
        return value === rule;
      case "enum":
        return asList(rule).includes(value);
      case "anyOf":
        return asList(rule).some((option) => this.#fits(option, value));
      case "oneOf":
        return asList(rule).filter((option) => this.#fits(option, value)).length === 1;
      case "allOf":
        return asList(rule).every((option) => this.#fits(option, value));
      case "minimum":
        return number === null || number >= Number(rule);
      case "maximum":
        return number === null || number <= Number(rule);
      case "exclusiveMinimum":
        return number === null || number > Number(rule);
      case "minLength":
        return text === null || text.length >= Number(rule);
      case "pattern":
        return text === null || new RegExp(String(rule), "u").test(text);
      default:
        if (Array.isArray(value)) return this.#keepsList(keyword, rule, value);
        return isObject(value) ? this.#keepsMap(keyword, rule, value, rules) : true;
    }
  }

  #keepsList(keyword: string, rule: unknown, items: readonly unknown[]): boolean {
    switch (keyword) {
      case "items":
        return items.every((item) => this.#fits(rule, item));
      case "minItems":
        return items.length >= Number(rule);
      case "maxItems":
        return items.length <= Number(rule);
      default:
        return true;
    }
  }

  #keepsMap(keyword: string, rule: unknown, map: Schema, rules: Schema): boolean {
    const keys = Object.keys(map);
    const { properties } = rules;
    const known = asSchema(properties);
    switch (keyword) {
      case "properties":
        return Object.entries(asSchema(rule)).every(
          ([key, schema]) => !Object.hasOwn(map, key) || this.#fits(schema, map[key]),
        );
      case "additionalProperties":
        return keys.every((key) => Object.hasOwn(known, key) || this.#fits(rule, map[key]));
      case "propertyNames":
        return keys.every((key) => this.#fits(rule, key));
      case "required":
        return asList(rule).every((key) => Object.hasOwn(map, String(key)));
      case "minProperties":
        return keys.length >= Number(rule);
      case "maxProperties":
        return keys.length <= Number(rule);
      case "items":
      case "minItems":
      case "maxItems":
        return true;
      default:
        throw new Error(`unknown keyword ${keyword}`);
    }
  }

  #definition(reference: string): unknown {
    const name = reference.replace("#/$defs/", "");
    const { $defs } = this.#root;
    return asSchema($defs)[name] ?? false;
  }
}
