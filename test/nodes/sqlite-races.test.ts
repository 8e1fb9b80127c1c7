import { describe } from 'vitest'
import { describeApplyRaces } from './apply-races.ts'
import { describeAssertionReplays } from './assertion-replays.ts'
import { describeKeyRaces } from './key-races.ts'
import { describeLoginRaces } from './login-races.ts'
import { ON_SQLITE } from './nodes.ts'
import { describeProofReplays } from './proof-replays.ts'
import { describeRaces } from './races.ts'
import { describeRefreshRaces } from './refresh-races.ts'

describe(ON_SQLITE.name, () => {
  describeRefreshRaces(ON_SQLITE)
  describeRaces(ON_SQLITE)
  describeKeyRaces(ON_SQLITE)
  describeApplyRaces(ON_SQLITE)
  describeLoginRaces(ON_SQLITE)
  describeAssertionReplays(ON_SQLITE)
  describeProofReplays(ON_SQLITE)
})
