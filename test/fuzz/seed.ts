/** `FUZZ_SEED`. Without one long runs have another each time, and those of `npm test` always the same. */
export const SEED = Number(
  process.env.FUZZ_SEED ?? (process.env.FUZZ_RUNS === undefined ? 20260101 : Date.now() % 2 ** 31),
)
