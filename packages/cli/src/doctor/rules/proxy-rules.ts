import { blamesProxy } from "@rollcall/core/request";
import { nameList } from "../../name-list.js";
import type { Change } from "../change.js";
import type { Observations } from "../observations.js";

/** A proxy that fails for every node alike. */
export function proxyChanges({ seeds }: Observations): readonly Change[] {
  const failed = seeds.flatMap(({ answers }) => {
    return answers?.root.kind === "failed" && blamesProxy(answers.root.code) ? [answers.root.reason] : [];
  });
  if (failed.length === 0) return [];
  return [
    {
      ...{ cause: "proxy", isFault: true, stopsAll: failed.length === seeds.length },
      problem: `No node can be reached: ${nameList([...new Set(failed)])}.`,
      remedy:
        "Check that the proxy runs and that `proxy` has its URL and credential; without `proxy`, nodes are dialled.",
    },
  ];
}
