/** A choice: of both numbers, less is better. */
export interface CostPoint {
  readonly cost: number;
  readonly objective: number;
}

/**
 * Indices of the points that no other point beats in both respects (as good in both, better in
 * one), by rising cost. Equal points are all kept, in their order.
 */
export function paretoFront(points: readonly CostPoint[]): readonly number[] {
  const order = points
    .map((_, index) => index)
    .sort((i, j) => {
      const a = points[i]!;
      const b = points[j]!;
      return a.cost - b.cost || a.objective - b.objective || i - j;
    });
  const front: number[] = [];
  for (const index of order) {
    const point = points[index]!;
    const previous = front.at(-1);
    const best = previous === undefined ? null : points[previous]!;
    const isEqual = best?.cost === point.cost && best.objective === point.objective;
    if (best === null || point.objective < best.objective || isEqual) front.push(index);
  }
  return front;
}
