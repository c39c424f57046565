import type { Command } from "commander";
import { scenarioJsonSchema } from "../../scenario/jsonSchema.ts";

export function addSchema(program: Command): void {
  program
    .command("schema")
    .summary("the JSON Schema of scenarios, for editors")
    .description("Prints the JSON Schema of scenario files, for completion and checks.")
    .addHelpText(
      "after",
      "\nExample\n" +
        "  peakday schema > peakday.schema.json\n" +
        "  # first line of a scenario:\n" +
        "  # yaml-language-server: $schema=./peakday.schema.json",
    )
    .action(() => {
      process.stdout.write(`${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`);
    });
}
