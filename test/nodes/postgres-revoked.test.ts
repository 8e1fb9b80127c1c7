import { describe } from 'vitest'
import { FACES } from '../surfaces/faces.ts'
import { onPostgres } from './postgres.ts'
import { describeRevokedForGood } from './revoked-for-good.ts'

const installation = onPostgres()
const ONE_OF_EACH_FORM = FACES.filter(({ name }) => name === 'spree' || name === 'standard, JWT')

describe(installation.name, () => describeRevokedForGood(installation, ONE_OF_EACH_FORM))
