import { Op, type Program } from "./plan.ts";

const { Work, Fork, Choice, Jump, Acquire, Release, Lock, Unlock } = Op;

const UNKNOWN = 2;

/**
 * For each instruction, 1 when a request that goes on there may work before it waits or ends: only
 * then does one that gave its slot back need another. Calls and waits need none, and whoever has
 * nothing left to do but to answer must not queue for it.
 */
export function slotNeeds({ op, x, forks, choices }: Program): Uint8Array {
  const needs = new Uint8Array(op.length).fill(UNKNOWN);
  const needed = (at: number): boolean => {
    // Jumps lead forward: this ends.
    if (needs[at] === UNKNOWN) needs[at] = look(at) ? 1 : 0;
    return needs[at] === 1;
  };
  const look = (at: number): boolean => {
    const operand = x[at]!;
    switch (op[at]) {
      case Work:
        return true;
      case Jump:
        return needed(operand);
      case Acquire:
      case Release:
      case Lock:
      case Unlock:
        return needed(at + 1);
      case Fork:
        return forks[operand]!.entries.some(needed);
      case Choice: {
        const { targets, otherwise } = choices[operand]!;
        return targets.some(needed) || needed(otherwise);
      }
      default:
        return false;
    }
  };
  // From the end, so that little is left to follow.
  for (let at = op.length - 1; at >= 0; at--) needed(at);
  return needs;
}
