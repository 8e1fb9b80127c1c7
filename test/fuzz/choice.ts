import { seededRandom } from '../crash/random.ts'

/** What chance decides about one request: the same for the same seed and number, whatever came before. */
export interface Choice {
  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number
  /** True so many times out of a hundred. */
  percent(share: number): boolean
  of<T>(options: readonly T[]): T
}

export function choiceOf(seed: number, number: number): Choice {
  const below = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b))
  return {
    below,
    percent: (share) => below(100) < share,
    of(options) {
      if (options.length === 0) throw new Error('nothing to choose from')
      return options[below(options.length)]!
    },
  }
}
