import seedrandom from "seedrandom";

/** A seeded source of uniform numbers in [0, 1), for what happens in time order. */
export interface RandomStream {
  /** Uniform in [0, 1) with 53 random bits. */
  uniform(): number;
  /** Plain JSON, for snapshots. */
  state(): StreamState;
  restore(state: StreamState): void;
}

/** State of the Alea generator (Baagøe 2010), as `seedrandom` gives it. */
export interface StreamState {
  readonly c: number;
  readonly s0: number;
  readonly s1: number;
  readonly s2: number;
}

/** Hands out the stream of a name. One name, one stream: whoever asks, and in whatever order. */
export type Streams = (name: string) => RandomStream;

/**
 * Named streams of one replication. Names, not order of creation, seed them: adding a component
 * changes no other component's numbers. (Seeding by name has no formal proof of non-overlap; with
 * 2^96 states it is negligible.)
 */
export function createStreams({
  seed,
  replication,
}: {
  readonly seed: number;
  readonly replication: number;
}): Streams & { readonly all: ReadonlyMap<string, RandomStream> } {
  const all = new Map<string, RandomStream>();
  const stream = (name: string): RandomStream => {
    let known = all.get(name);
    if (known === undefined) {
      known = aleaStream(`${seed}/${replication}/${name}`);
      all.set(name, known);
    }
    return known;
  };
  return Object.assign(stream, { all });
}

function aleaStream(seed: string): RandomStream {
  let prng = seedrandom.alea(seed, { state: true });
  return {
    uniform: () => prng.double(),
    // The typings say `unknown`; the state of alea is these four numbers.
    state: () => prng.state() as StreamState,
    restore: (state) => {
      prng = seedrandom.alea("", { state });
    },
  };
}
