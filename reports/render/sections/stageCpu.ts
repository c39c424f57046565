import type { Result } from "../../../sim/result/result.ts";
import { clock, fixed, plain } from "../../format.ts";
import { type PodsCpu, stageCpu } from "../../stageCpu.ts";
import { html, nothing, type SafeHtml } from "../html.ts";
import { tableHtml } from "./shared.ts";

/** What each side of a rollout used of its CPU, which the mean over all pods hides. */
export function stageCpuHtml(result: Result): SafeHtml {
  const several = result.policies.length > 1;
  const rows = result.policies.flatMap((policy) =>
    policy.rollouts.flatMap((rollout) => {
      const name = `${rollout.workload} ${rollout.revision}`;
      return stageCpu(policy, rollout).map(({ percent, startSeconds, before, released, all }) => ({
        cells: [
          several ? `${policy.name}: ${name}` : name,
          `${plain(percent)} %`,
          clock(startSeconds),
          ...podsCells(before),
          ...podsCells(released),
          cpuText(all),
        ],
      }));
    }),
  );
  if (rows.length === 0) return nothing;
  const columns = [
    { head: "release" },
    { head: "traffic" },
    { head: "from" },
    { head: "old pods" },
    { head: "their CPU" },
    { head: "new pods" },
    { head: "their CPU" },
    { head: "CPU of all pods" },
  ];
  const caption = "CPU in percent of the request, mean over each stage of replication 0";
  return html`<h3>CPU by revision</h3>${tableHtml(columns, rows, { small: true, caption })}`;
}

const podsCells = (side: PodsCpu): readonly string[] => [
  fixed(side.pods, Number.isInteger(side.pods) ? 0 : 1),
  cpuText(side),
];

const cpuText = ({ percent }: PodsCpu): string =>
  percent === null ? "–" : `${fixed(percent, 0)} %`;
