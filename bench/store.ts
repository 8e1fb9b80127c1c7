/**
 * Durable writes of the SQLite store: rows a second and CPU time a row, by the number of requests under way.
 * Run: node bench/store.ts [rows]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TokenRow } from '../src/store/rows.ts'
import { openSqliteStore } from '../src/stores/sqlite/database.ts'
import { tokenRow } from './row.ts'

const rows = Number(process.argv[2] ?? 100_000)
const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-bench-'))
const path = join(directory, 'mintkeeper.db')
const store = await openSqliteStore({ path, clock: Date.now })
let written = 0

function nextRow(): TokenRow {
  written += 1
  return tokenRow(store.nextKey(), written)
}

async function issue(parent: TokenRow | null): Promise<TokenRow> {
  const row = { ...nextRow(), parent: parent?.key ?? null, family: parent?.family ?? parent?.key ?? null }
  const spend = parent === null ? null : { key: parent.key, now: row.issuedAt }
  await store.issue({ spend, extend: null, row, rehash: null })
  return row
}

/** Each of the requests under way logs in once, then does the work given again and again. */
async function measure(name: string, underWay: number, count: number, refresh: boolean): Promise<void> {
  const before = store.statistics().transactions
  const startMs = performance.now()
  const startCpu = process.cpuUsage()
  let left = count
  const work = async () => {
    let last: TokenRow | null = null
    while (left > 0) {
      left -= 1
      last = await issue(refresh ? last : null)
    }
  }
  await Promise.all(Array.from({ length: underWay }, work))
  const seconds = (performance.now() - startMs) / 1000
  const cpu = process.cpuUsage(startCpu)
  console.log(
    `${name.padEnd(8)} ${String(underWay).padStart(4)} under way  ${String(Math.round(count / seconds)).padStart(7)}/s  ` +
      `${((cpu.user + cpu.system) / count).toFixed(1).padStart(6)} µs CPU each  ` +
      `${(count / (store.statistics().transactions - before)).toFixed(1).padStart(6)} a transaction`,
  )
}

for (const refresh of [false, true]) {
  for (const underWay of [1, 8, 64, 256]) {
    await measure(refresh ? 'refresh' : 'issue', underWay, underWay === 1 ? 500 : rows, refresh)
  }
}
const keys = Array.from({ length: 1000 }, () => store.nextKey())
const startMs = performance.now()
for (let count = 0; count < 50; count++) for (const key of keys) await store.findToken(key)
console.log(`find     ${((performance.now() - startMs) / 50).toFixed(1)} µs each (no such row)`)
await store.close()
console.log(`size     ${Math.round(statSync(path).size / written)} bytes a row`)
rmSync(directory, { recursive: true })
