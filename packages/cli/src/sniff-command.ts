import { systemTimers } from "@rollcall/coordinator";
import { Command } from "commander";
import { collect } from "./collect.js";
import { diagnose } from "./diagnose.js";
import type { Environment } from "./environment.js";
import { exitCodesHelp } from "./exit-codes.js";
import { listed } from "./flags.js";
import { renderDiagnosis } from "./render-diagnosis.js";
import { report } from "./report.js";
import { addSniffOptions, readSniffRequest, type SniffFlags } from "./sniff-options.js";
import { coloured, plain } from "./text-layout.js";

/**
 * `rollcall sniff`: sniffs a cluster and shows the verdict on every node.
 *
 * @param finish receives the exit code once everything has been written
 */
export function createSniffCommand(
  { write, hasColours }: Pick<Environment, "write" | "hasColours">,
  finish: (exitCode: number) => void,
): Command {
  const command = new Command("sniff")
    .summary("list the nodes of a cluster and explain which can be used")
    .description(
      "Reads the list of nodes of an Elasticsearch or OpenSearch cluster, probes each node, and explains which of them " +
        "a pool with the same configuration would use, and why not the others. Sends GET / and GET /_nodes/http only.",
    )
    .argument("[url...]", "http(s)://[user:password@]host:port[/path] of one node or more")
    .addHelpText("after", helpAfter);
  addSniffOptions(command);
  return command.action(async (given: string[]) => {
    const urls = given.length > 0 ? given : listed(process.env.ROLLCALL_NODES ?? "");
    if (urls.length === 0)
      command.error("error: missing required argument 'url'", { code: "commander.missingArgument" });
    const flags = command.opts<SniffFlags>();
    const { config, timeouts } = await readSniffRequest(urls, flags);
    const findings = await collect(config, timeouts, systemTimers);
    const diagnosis = diagnose(findings);
    const paint = flags.color && hasColours ? coloured : plain;
    await write(flags.json === true ? report(findings, diagnosis) : renderDiagnosis(findings, diagnosis, paint));
    finish(diagnosis.exitCode);
  });
}

const helpAfter = `
An option that takes a value can also be set in the environment: --api-key as
ROLLCALL_API_KEY, --allow as ROLLCALL_ALLOW with commas between its values; and
the URLs, with commas between them, as ROLLCALL_NODES.

Examples:
  $ rollcall sniff http://localhost:9200
  $ ROLLCALL_PASSWORD=… rollcall sniff https://es1:9200 https://es2:9200 \\
      --username monitor --ca ca.pem --address-map 172.17.0.2:9200=es1:9200

${exitCodesHelp({
  success: "discovery finds at least one node that can be used",
  failure:
    "something answered, but discovery finds no node that can be used: a pool would stay on the URLs it was given",
  noAnswer: "no URL answered",
})}`;
