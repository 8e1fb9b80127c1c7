import { describe } from 'vitest'
import { ON_SQLITE } from './nodes.ts'
import { describeRevokedForGood } from './revoked-for-good.ts'

describe(ON_SQLITE.name, () => describeRevokedForGood(ON_SQLITE))
