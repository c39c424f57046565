import type { Command, Option } from "commander";
import type { TextStyle } from "../../reports/terminal/index.ts";
import { type Line, renderLines } from "../../reports/terminal/textStyle.ts";
import { EXIT } from "./exitCodes.ts";

/** Where the defaults end, so that they stand below each other. */
const RIGHT = 78;
const GUTTER = 2;

/** Commands by what they are for; what is named nowhere here stands under the last heading. */
const GROUPS = [
  { heading: "Simulate", commands: ["run", "compare", "canary", "sweep", "headroom"] },
  { heading: "Files", commands: [] },
] as const;

const ABOUT = `Which autoscaling and rollout policy holds our objective, and at what cost?
A deterministic simulation of services, Kubernetes HPAs, canaries and failures.`;

const SHARED_OPTIONS: readonly Row[] = [
  { term: "--json", text: "the result as JSON on stdout", fallback: "" },
  { term: "--out DIR", text: "where files go", fallback: "(default: out/<scenario>)" },
  { term: "--seed N", text: "seed of all random streams", fallback: "(default: the scenario's)" },
  { term: "--quiet", text: "no progress", fallback: "" },
  { term: "--no-color", text: "no colour (also: NO_COLOR=1)", fallback: "" },
  { term: "--version", text: "print the version", fallback: "" },
  { term: "--help", text: "help, also for a command: peakday compare --help", fallback: "" },
];

const { ok, objectiveFailed, badInput, interrupted, bug } = EXIT;
const CODES = `Exit codes  ${ok} fine  ${objectiveFailed} objective failed  ${badInput} bad input
            ${interrupted} interrupted  ${bug} a bug, please report it`;

const EXAMPLE = `Example
  peakday compare scenarios/black-friday.yaml`;

interface Row {
  readonly term: string;
  readonly text: string;
  /** The default, as it is shown. */
  readonly fallback: string;
}

/** Help of the whole program, or of one command. */
export function helpText(command: Command): string {
  return command.parent === null ? programHelp(command) : commandHelp(command);
}

function programHelp(program: Command): string {
  const named: readonly string[] = GROUPS.flatMap(({ commands }) => [...commands]);
  const width = Math.max(...program.commands.map((command) => command.name().length)) + GUTTER;
  const groups = GROUPS.map(({ heading, commands }, index) => {
    const members = program.commands.filter((command) =>
      index === GROUPS.length - 1
        ? !named.includes(command.name())
        : commands.some((name) => name === command.name()),
    );
    const lines = members.map(
      (command) => `  ${command.name().padEnd(width)} ${command.summary()}`,
    );
    return [heading, ...lines].join("\n");
  });
  const options = `Options\n${rowsText(SHARED_OPTIONS)}`;
  const usage = `Usage: ${program.name()} <command> [options]`;
  return `${[usage, ABOUT, ...groups, options, CODES, EXAMPLE].join("\n\n")}\n`;
}

function commandHelp(command: Command): string {
  const names = command.registeredArguments.map((argument) => `<${argument.name()}>`);
  const words = [command.parent?.name() ?? "", command.name(), ...names, "[options]"];
  const rows = [
    ...command.options.filter((option) => !option.hidden).map(optionRow),
    { term: "--help", text: "this text", fallback: "" },
  ];
  const options = `Options\n${rowsText(rows)}`;
  return `${[`Usage: ${words.join(" ")}`, command.description(), options].join("\n\n")}\n`;
}

/** A default stands in the description where a value cannot say it: "(default: cores)". */
function optionRow(option: Option): Row {
  const [, written, inText] = /^(.*?)(?: (\(default: .*\)))?$/u.exec(option.description) ?? [];
  const value = option.defaultValue === undefined ? "" : `(default: ${option.defaultValue})`;
  return { term: termOf(option), text: written ?? "", fallback: inText ?? value };
}

/** `--policy <name...>` as `--policy NAME…`. */
function termOf({ flags, long }: Option): string {
  const value = /[<[](.*?)(\.\.\.)?[>\]]/u.exec(flags);
  if (value === null) return long ?? flags;
  return `${long} ${value[1]?.toUpperCase()}${value[2] === undefined ? "" : "…"}`;
}

function rowsText(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ term }) => term.length)) + GUTTER;
  return rows
    .map(({ term, text, fallback }) => {
      const line = `  ${term.padEnd(width)}${text}`;
      if (fallback === "") return line;
      const blanks = RIGHT - line.length - fallback.length;
      return blanks >= GUTTER
        ? `${line}${" ".repeat(blanks)}${fallback}`
        : `${line}\n${fallback.padStart(RIGHT)}`;
    })
    .join("\n");
}

const HEADING = /^(?:Usage:|Simulate|Files|Options|Exit codes|Examples?)(?=$|[\s:])/u;

/** Headings in bold, and signs that the stream has. */
export function paintedHelp(text: string, style: TextStyle): string {
  const lines = text.trimEnd().split("\n");
  return renderLines(
    lines.map((line): Line => {
      const heading = HEADING.exec(line)?.[0] ?? "";
      return [{ text: heading, paint: "bold" }, line.slice(heading.length)];
    }),
    style,
  );
}
