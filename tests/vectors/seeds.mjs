// The fuzzers' first inputs, from the vectors: one small example of each kind.

/** Pairs of path and content. */
export function seeds() {
  return [];
}
