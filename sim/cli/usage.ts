import { existsSync } from "node:fs";
import type { Command, CommanderError } from "commander";
import { nameHint, nearestName } from "../scenario/problem.ts";
import { errorText } from "./exitCodes.ts";

/**
 * What is wrong with a command line, in the words that bad input has everywhere; null when it was
 * said already (help instead of a command).
 */
export function usageText(
  error: CommanderError,
  program: Command,
  argv: readonly string[],
): string | null {
  const command = program.commands.find((known) => argv.includes(known.name())) ?? program;
  const [quoted = ""] = /(?<=')[^']*(?=')/u.exec(error.message) ?? [];
  switch (error.code) {
    case "commander.help":
      return null;
    case "commander.unknownCommand":
      return unknownCommand(quoted, program);
    case "commander.unknownOption":
      return unknownOption(quoted, command, program, argv);
    case "commander.missingArgument":
      return missingArgument(quoted, command, argv);
    case "commander.excessArguments":
      return excessArguments(error.message, command);
    case "commander.optionMissingArgument":
      return errorText(`${longOf(quoted)} needs a value: ${upper(quoted)}`, seeHelp(command));
    case "commander.missingMandatoryOptionValue":
      return errorText(`${nameOf(command)} needs ${upper(quoted)}`, seeHelp(command));
    case "commander.invalidArgument":
      return invalidValue(error.message);
    default:
      return error.message;
  }
}

const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`;

const seeHelp = (command: Command): string => `see ${nameOf(command)} --help`;

/** The long flag of `--runs <n>`. */
const longOf = (flags: string): string => /--[\w-]+/u.exec(flags)?.[0] ?? flags;

const upper = (flags: string): string =>
  flags.replace(/<(.*?)(?:\.\.\.)?>/u, (_, name: string) => name.toUpperCase());

function unknownCommand(written: string, program: Command): string {
  const known = program.commands.map((command) => command.name());
  if (existsSync(written)) {
    return errorText(`no command "${written}"`, `to simulate it: peakday run ${written}`);
  }
  return errorText(`no command "${written}"`, nameHint(written, known));
}

function unknownOption(
  written: string,
  command: Command,
  program: Command,
  argv: readonly string[],
): string {
  const flag = written.split("=")[0] ?? written;
  const what = `${nameOf(command)} has no option "${flag}"`;
  const known = [...command.options, ...program.options].map(({ long }) => long ?? "");
  const before = argv.indexOf(command.name());
  const isEarly = command !== program && argv.slice(0, before).some((word) => word === written);
  if (isEarly && known.includes(flag)) {
    return errorText(
      `"${flag}" stands before the command`,
      `options follow it: ${nameOf(command)} ${flag}`,
    );
  }
  const nearest = nearestName(flag, [...known, "--help"]);
  const hint = nearest === null ? seeHelp(command) : `did you mean "${nearest}"?`;
  return errorText(command === program ? `no option "${flag}"` : what, hint);
}

/** An option with several values takes the scenario for one of them when it comes first. */
function missingArgument(name: string, command: Command, argv: readonly string[]): string {
  const greedy = command.options
    .filter(({ variadic, long }) => variadic && argv.includes(long ?? ""))
    .map(({ long }) => long);
  const hint =
    greedy[0] === undefined
      ? `as in: ${nameOf(command)} ${exampleOf(name)}`
      : `${greedy[0]} takes every word that follows it: put the ${name} first`;
  return errorText(`${nameOf(command)} needs a ${name}`, hint);
}

const exampleOf = (name: string): string =>
  name === "result" ? "out/hello/result.json" : "scenarios/hello.yaml";

function excessArguments(message: string, command: Command): string {
  const given = /but got \d+: (.*)\.$/su.exec(message)?.[1] ?? "";
  const [argument] = command.registeredArguments;
  const what = argument === undefined ? "no argument" : `one ${argument.name()}`;
  const hint =
    argument?.name() === "scenario"
      ? "a partial scenario goes over another with --overlay"
      : seeHelp(command);
  return errorText(`${nameOf(command)} takes ${what}, found ${given}`, hint);
}

function invalidValue(message: string): string {
  const parts = /option '(?<flags>.*?)' argument '(?<value>.*)' is invalid\. (?<expected>.*)$/su;
  const { flags = "", value = "", expected = "" } = parts.exec(message)?.groups ?? {};
  if (flags === "") return message;
  const [phrase, hint = null] = expected.split("\n");
  return errorText(`${longOf(flags)} is ${phrase}, found "${value}"`, hint);
}
