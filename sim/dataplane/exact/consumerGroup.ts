import { type Json, plainState, savedState } from "../../kernel/json.ts";
import type { PlannedGroup } from "../callplan/plan.ts";
import { MessageLedger } from "../topics/messageLedger.ts";
import { PartitionOwners } from "../topics/partitionOwners.ts";

/** A message in the hands of a worker. */
export interface Delivery {
  readonly message: number;
  readonly delivery: number;
  readonly replica: number;
  readonly startedAt: number;
}

/** How deep the queue was at the end of each bin. */
export interface GroupSeries {
  readonly waiting: number[];
  /** In the hands of workers. */
  readonly working: number[];
  readonly consumed: number[];
}

/** One consumer group at work. */
export interface Group {
  readonly plan: PlannedGroup;
  readonly ledger: MessageLedger;
  readonly series: GroupSeries;
  /** Who works on which partition; null for a queue, of which everybody gets what is next. */
  readonly owners: PartitionOwners | null;
  /** Worker time that hand-outs took which were lost, failed or done twice, in microseconds. */
  wastedMicros: number;
  /** Workers with a free place, the longest idle first; one entry for each place. */
  idle: number[];
  /** Workers that pull: processes that listen and do not drain. */
  pulling: Set<number>;
  /** By row. */
  deliveries: Map<number, Delivery>;
  /** An event that hands out messages is on its way. */
  isWoken: boolean;
}

export const createGroup = (plan: PlannedGroup): Group => ({
  plan,
  ledger: new MessageLedger({ ...plan.spec, partitions: plan.partitions ?? 1 }),
  owners: ownersOf(plan),
  series: { waiting: [], working: [], consumed: [] },
  wastedMicros: 0,
  idle: [],
  pulling: new Set<number>(),
  deliveries: new Map<number, Delivery>(),
  isWoken: false,
});

const ownersOf = ({ partitions, spec: { membership } }: PlannedGroup): PartitionOwners | null =>
  partitions === null || membership === null
    ? null
    : new PartitionOwners({ partitions, commitInterval: membership.commitInterval });

/** A bin of the timeline ends. */
export function closeGroupBin({ ledger, series }: Group): void {
  const { waiting, hidden, retrying, working, consumed } = ledger.counts;
  series.waiting.push(waiting + hidden + retrying);
  series.working.push(working);
  series.consumed.push(consumed);
}

export const groupState = (group: Group): Json =>
  plainState({
    ledger: group.ledger.state(),
    owners: group.owners?.state() ?? null,
    series: structuredClone(group.series),
    wastedMicros: group.wastedMicros,
    idle: [...group.idle],
    pulling: [...group.pulling],
    deliveries: [...group.deliveries],
    isWoken: group.isWoken,
  });

export function restoreGroup(group: Group, state: Json): void {
  const saved = savedState<GroupState>(state);
  group.ledger.restore(saved.ledger);
  group.owners?.restore(saved.owners);
  for (const name of ["waiting", "working", "consumed"] as const) {
    group.series[name].splice(0, group.series[name].length, ...saved.series[name]);
  }
  group.wastedMicros = saved.wastedMicros;
  group.idle = [...saved.idle];
  group.pulling = new Set(saved.pulling);
  group.deliveries = new Map(saved.deliveries);
  group.isWoken = saved.isWoken;
}

interface GroupState {
  readonly ledger: Json;
  readonly owners: Json;
  readonly series: GroupSeries;
  readonly wastedMicros: number;
  readonly idle: readonly number[];
  readonly pulling: readonly number[];
  readonly deliveries: readonly (readonly [number, Delivery])[];
  readonly isWoken: boolean;
}
