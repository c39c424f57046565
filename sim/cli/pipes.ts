import { EXIT, errorText } from "./exitCodes.ts";

/**
 * A reader that has seen enough (`| head`) closes the pipe: what is left to say goes nowhere, and
 * the command ends as it would have. Anything else that happens to a stream is an error.
 */
export function endQuietlyOnClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") return;
      if (stream === process.stdout) {
        process.stderr.write(`${errorText(`cannot write the result: ${error.code}`)}\n`);
      }
      process.exitCode = EXIT.badInput;
    });
  }
}
