import type { Simulation } from "../../kernel/simulation.ts";
import type { Group } from "./consumerGroup.ts";

/**
 * Workers that join, leave and die, in the groups that share out partitions: each change leads to a
 * rebalance, in which nobody gets messages. Groups of queues have no members, only workers.
 */
export class Memberships {
  readonly #simulation: Simulation;
  readonly #groups: readonly Group[];
  readonly #redo: (group: Group, message: number) => void;
  readonly #rebalanced: (group: Group) => void;
  readonly #missed: number;
  readonly #end: number;

  constructor(
    simulation: Simulation,
    others: {
      readonly groups: readonly Group[];
      /** A message is to be handed out again. */
      readonly redo: (group: Group, message: number) => void;
      /** Owners may pull. */
      readonly rebalanced: (group: Group) => void;
    },
  ) {
    this.#simulation = simulation;
    this.#groups = others.groups;
    this.#redo = others.redo;
    this.#rebalanced = others.rebalanced;
    this.#missed = simulation.register("dead worker is missed", (index, member) => {
      const group = this.#groups[index]!;
      group.owners?.miss(member);
      this.#rebalance(group);
    });
    this.#end = simulation.register("group has rebalanced", (index, epoch) =>
      this.#endRebalance(this.#groups[index]!, epoch),
    );
  }

  joined(group: Group, replica: number): void {
    group.owners?.join(replica, this.#simulation.now);
    this.#rebalance(group);
  }

  left(group: Group, replica: number): void {
    group.owners?.leave(replica);
    this.#rebalance(group);
  }

  died(group: Group, replica: number): void {
    const { membership } = group.plan.spec;
    const member = group.owners?.die(replica, this.#simulation.now) ?? null;
    if (member === null || membership === null) return;
    const index = this.#groups.indexOf(group);
    this.#simulation.scheduleAfter(membership.sessionTimeout, this.#missed, index, member);
  }

  /** Groups that are there when the run begins have long had their rebalance. */
  #rebalance(group: Group): void {
    const { membership } = group.plan.spec;
    if (group.owners === null || membership === null) return;
    const epoch = group.owners.beginRebalance();
    const pause = this.#simulation.now === 0 ? 0 : membership.rebalancePause;
    this.#simulation.scheduleAfter(pause, this.#end, this.#groups.indexOf(group), epoch);
  }

  #endRebalance(group: Group, epoch: number): void {
    const again = group.owners?.endRebalance(epoch) ?? null;
    if (again === null) return;
    for (const message of again) this.#redo(group, message);
    this.#rebalanced(group);
  }
}
