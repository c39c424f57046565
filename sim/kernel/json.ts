/** Plain JSON: what snapshots, policy states and results are made of. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** A component's own state, read back: only what its `state` wrote may come here. */
export const savedState = <T>(state: Json): T => state as unknown as T; // the writer knows the type

/** Plain data as JSON, where an interface lacks the index signature that would prove it. */
export const plainState = (data: object): Json => data as unknown as Json; // see above
