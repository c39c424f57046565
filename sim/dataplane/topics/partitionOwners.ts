import { assert } from "../../kernel/assert.ts";
import { type Json, plainState, savedState } from "../../kernel/json.ts";

/** A worker as its group knows it. */
interface Member {
  readonly id: number;
  readonly replica: number;
  readonly joinedAt: number;
  /** Dead, and the group has not noticed: its partitions are still its own. */
  isAlive: boolean;
}

interface Partition {
  /** Id of a member; −1 for none. */
  owner: number;
  /** A message of it is with a worker, or has failed and must be done before the next. */
  isBusy: boolean;
  /** What its owner has done since it last noted how far it is; and when that was. */
  uncommitted: number[];
  committedAt: number;
  /** What has to be done again by its next owner. */
  parked: number[];
  /** The last message that was done. */
  latest: number;
}

/**
 * Who works on which partition of a topic: a consumer group as Kafka has it, with eager
 * rebalancing. While the group rebalances, nobody gets messages; then each partition has one owner,
 * who does its messages one after the other. An owner that died keeps its partitions until its
 * session has timed out; the next one begins where it last committed, so that what it did since is
 * done again.
 * Sources: Apache Kafka documentation, "Consumer Configs"; KIP-62.
 */
export class PartitionOwners {
  readonly #commitInterval: number;
  readonly #partitions: readonly Partition[];
  #members: Member[] = [];
  #nextId = 0;
  /** Number of the rebalance that is going on, or was the last. */
  #epoch = 0;
  #isPaused = false;
  /** Where the search for the next partition begins. */
  #turn = 0;
  rebalances = 0;
  /** Messages that were done when a later one of their partition had been done already. */
  outOfOrder = 0;

  constructor(options: { readonly partitions: number; readonly commitInterval: number }) {
    this.#commitInterval = options.commitInterval;
    this.#partitions = Array.from({ length: options.partitions }, () => ({
      owner: -1,
      isBusy: false,
      uncommitted: [],
      committedAt: -1,
      parked: [],
      latest: -1,
    }));
  }

  join(replica: number, now: number): void {
    this.#members.push({ id: this.#nextId++, replica, joinedAt: now, isAlive: true });
  }

  /** It notes how far it is, and says so to the group. */
  leave(replica: number): void {
    const member = this.#living(replica);
    if (member === undefined) return;
    for (const partition of this.#ownedBy(member.id)) {
      partition.owner = -1;
      partition.uncommitted = [];
    }
    this.#members = this.#members.filter(({ id }) => id !== member.id);
  }

  /** It tells nobody. Gives the member whose session will time out; null when it had left. */
  die(replica: number, now: number): number | null {
    const member = this.#living(replica);
    if (member === undefined) return null;
    member.isAlive = false;
    const committedAt = this.#committedAt(member, now);
    for (const partition of this.#ownedBy(member.id)) {
      if (partition.committedAt === committedAt) partition.parked.push(...partition.uncommitted);
      partition.uncommitted = [];
    }
    return member.id;
  }

  /** Its session has timed out. */
  miss(id: number): void {
    for (const partition of this.#ownedBy(id)) partition.owner = -1;
    this.#members = this.#members.filter((member) => member.id !== id);
  }

  /** Nobody gets messages now. Gives the number of the rebalance, which may be overtaken. */
  beginRebalance(): number {
    this.#isPaused = true;
    return ++this.#epoch;
  }

  /**
   * Shares out the partitions in turn, in the order in which members joined. Gives the messages to
   * be handed out again by their new owners, or null when a later rebalance has begun.
   */
  endRebalance(epoch: number): readonly number[] | null {
    if (epoch !== this.#epoch) return null;
    this.#isPaused = false;
    this.rebalances++;
    const again: number[] = [];
    this.#partitions.forEach((partition, index) => {
      const before = this.#member(partition.owner);
      const member = this.#members[index % this.#members.length];
      partition.owner = member?.id ?? -1;
      // A living one notes how far it is before it gives its partitions away.
      if (before === undefined || before.isAlive) partition.uncommitted = [];
      if (member?.isAlive === true) again.push(...partition.parked.splice(0));
    });
    return again;
  }

  /** The next partition that this worker can take a message of; −1 for none. */
  next(replica: number, hasNext: (partition: number) => boolean): number {
    const member = this.#isPaused ? undefined : this.#living(replica);
    if (member === undefined) return -1;
    const count = this.#partitions.length;
    for (let i = 0; i < count; i++) {
      const index = (this.#turn + i) % count;
      const { owner, isBusy } = this.#partitions[index]!;
      if (owner !== member.id || isBusy || !hasNext(index)) continue;
      this.#turn = (index + 1) % count;
      return index;
    }
    return -1;
  }

  /** A message of it is handed out. */
  begin(partition: number): void {
    assert(!this.#partitions[partition]!.isBusy, "two messages of a partition at once");
    this.#partitions[partition]!.isBusy = true;
  }

  /** The next message may follow. */
  end(partition: number): void {
    this.#partitions[partition]!.isBusy = false;
  }

  /** A message is done; `isFirst` when nobody had done it before. */
  done(
    index: number,
    message: number,
    { replica, now, isFirst }: { replica: number; now: number; isFirst: boolean },
  ): void {
    const partition = this.#partitions[index]!;
    if (isFirst) {
      if (message < partition.latest) this.outOfOrder++;
      else partition.latest = message;
    }
    const owner = this.#member(partition.owner);
    // Whoever has left commits what it still finishes.
    if (owner === undefined || !owner.isAlive || owner.replica !== replica) return;
    const committedAt = this.#committedAt(owner, now);
    if (partition.committedAt !== committedAt) partition.uncommitted = [];
    partition.committedAt = committedAt;
    partition.uncommitted.push(message);
  }

  /** A message was lost with its worker: true when it can be handed out again at once. */
  lose(index: number, message: number): boolean {
    const partition = this.#partitions[index]!;
    if (!this.#isPaused && this.#member(partition.owner)?.isAlive === true) return true;
    partition.parked.push(message);
    return false;
  }

  state(): Json {
    return plainState({
      partitions: this.#partitions.map((partition) => structuredClone(partition)),
      members: this.#members.map((member) => ({ ...member })),
      nextId: this.#nextId,
      epoch: this.#epoch,
      isPaused: this.#isPaused,
      turn: this.#turn,
      rebalances: this.rebalances,
      outOfOrder: this.outOfOrder,
    });
  }

  restore(state: Json): void {
    const saved = savedState<OwnersState>(state);
    this.#partitions.forEach((partition, index) => {
      Object.assign(partition, structuredClone(saved.partitions[index]!));
    });
    this.#members = saved.members.map((member) => ({ ...member }));
    this.#nextId = saved.nextId;
    this.#epoch = saved.epoch;
    this.#isPaused = saved.isPaused;
    this.#turn = saved.turn;
    this.rebalances = saved.rebalances;
    this.outOfOrder = saved.outOfOrder;
  }

  /** When a member last noted how far it is: it does so in the background, at even intervals. */
  #committedAt({ joinedAt }: Member, now: number): number {
    return now - ((now - joinedAt) % this.#commitInterval);
  }

  #member(id: number): Member | undefined {
    return this.#members.find((member) => member.id === id);
  }

  #living(replica: number): Member | undefined {
    return this.#members.find((member) => member.isAlive && member.replica === replica);
  }

  #ownedBy(id: number): readonly Partition[] {
    return this.#partitions.filter(({ owner }) => owner === id);
  }
}

interface OwnersState {
  readonly partitions: readonly Partition[];
  readonly members: readonly Member[];
  readonly nextId: number;
  readonly epoch: number;
  readonly isPaused: boolean;
  readonly turn: number;
  readonly rebalances: number;
  readonly outOfOrder: number;
}
