/** Scenarios of the queueing tables: times of the tables are seconds, as the tables have them. */

/** A time of the tables in the words of a scenario. */
export const time = (seconds: number): string => `${seconds * 1e6}us`;

/** Requests of one replication: what it costs at most to simulate a case is what it needs. */
const LEAST = 20_000;
const MOST = 1_000_000;

/**
 * How long a replication lasts. A queue forgets that it began empty in a relaxation time of about
 * (1 + scv) / 2 · 1 / (1 − √load)² services (Newell; exact for M/M/1): the warm-up is ten of those
 * and the measured time many more, so that what is left of the start is far below 0.2 %.
 */
export function lengthOf({
  rate,
  load,
  scv,
  servers = 1,
}: {
  /** Arrivals a second. */
  readonly rate: number;
  /** Offered load of one server, 0 … 1; a system without queues has 0. */
  readonly load: number;
  /** Squared coefficient of variation of the service time. */
  readonly scv: number;
  /** Queues of their own, each of which has to forget. */
  readonly servers?: number;
}): { readonly warmUp: string; readonly duration: string } {
  const relaxation = (1 + scv) / 2 / (1 - Math.sqrt(Math.min(load, 0.999))) ** 2;
  const warmUp = 1_000 + 10 * relaxation * servers;
  const measured = Math.min(MOST, Math.max(LEAST, 10 * warmUp));
  return { warmUp: time(warmUp / rate), duration: time(measured / rate) };
}
