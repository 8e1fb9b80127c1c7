import { describe } from 'vitest'
import { describeApplyRaces } from './apply-races.ts'
import { describeAssertionReplays } from './assertion-replays.ts'
import { describeKeyRaces } from './key-races.ts'
import { describeLoginRaces } from './login-races.ts'
import { onPostgres } from './postgres.ts'
import { describeProofReplays } from './proof-replays.ts'
import { describeRaces } from './races.ts'
import { describeRefreshRaces } from './refresh-races.ts'

const installation = onPostgres()

describe(installation.name, () => {
  describeRefreshRaces(installation)
  describeRaces(installation)
  describeKeyRaces(installation)
  describeApplyRaces(installation)
  describeLoginRaces(installation)
  describeAssertionReplays(installation)
  describeProofReplays(installation)
})
