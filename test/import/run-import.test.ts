import { expect, test } from 'vitest'
import { importFrom } from '../../src/cli/import/run-import.ts'
import { SILENT_TERMINAL } from '../../src/cli/terminal.ts'
import type { ImportReader } from '../../src/import/import.ts'
import { createMintkeeper } from '../../src/server.ts'

test('what is read is closed, also if the refusals can not be written: a database would keep the process', async () => {
  const tenant = { id: 'shop', issuer: 'https://shop.example/' }
  const mintkeeper = await createMintkeeper({ database: 'memory:', tenants: [tenant] })
  const [opened] = mintkeeper.directory().tenants
  if (opened === undefined) throw new Error('there is no tenant')
  let isClosed = false
  const reader: ImportReader = {
    hasTokens: false,
    async *items() {},
    progress: () => null,
    notes: () => [],
    close: async () => {
      isClosed = true
    },
  }
  const run = importFrom(
    reader,
    { mintkeeper, config: null as never, tenant: opened },
    { refused: '/nowhere/refused.ndjson' },
    SILENT_TERMINAL,
  )
  await expect(run).rejects.toThrow(/can not be written to \/nowhere/)
  expect(isClosed).toBe(true)
  await mintkeeper.close()
})
